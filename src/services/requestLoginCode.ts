import type { ClientInfo, Deps } from './deps'
import { InputReader } from './steps/inputReader'
import { type CodeChallenge } from './steps/mailedCode'
import { queueMailWithCode } from './steps/queueMailForAddress'

/**
 * Mails a code to log in with. Does the same for every address: whether it has an account is looked up when the mail is sent,
 * and the challenge of an unknown address accepts as many attempts as any other. Throws InvalidInputError.
 */
export async function requestLoginCode(
  deps: Pick<Deps, 'config' | 'clock' | 'database'>,
  client: ClientInfo,
  input: { email: string; redirect?: string | null },
): Promise<CodeChallenge & { email: string }> {
  const read = new InputReader()
  const email = read.email('email', input.email)
  const redirect = read.redirect('redirect', input.redirect, deps.config.redirectUrls)
  read.done()

  const life = deps.config.loginCodeTtl
  const mail = { name: 'loginCode', purpose: 'LOGIN_CODE', email, redirect, life } as const
  return { email, ...(await queueMailWithCode(deps, client, mail)) }
}
