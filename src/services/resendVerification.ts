import type { ClientInfo, Deps } from './deps'
import { InputReader } from './steps/inputReader'
import type { CodeChallenge } from './steps/mailedCode'
import { queueMailWithCode } from './steps/queueMailForAddress'

/**
 * Mails another link and code to an unverified address. Does the same for every address: whether it has an unverified account is
 * looked up when the mail is sent. Throws InvalidInputError.
 */
export async function resendVerification(
  deps: Pick<Deps, 'config' | 'clock' | 'database'>,
  client: ClientInfo,
  input: { email: string; redirect?: string | null },
): Promise<{ email: string } & Pick<CodeChallenge, 'challenge'>> {
  const read = new InputReader()
  const email = read.email('email', input.email)
  const redirect = read.redirect('redirect', input.redirect, deps.config.redirectUrls)
  read.done()

  const life = deps.config.verifyTokenTtl
  const mail = { name: 'resendVerification', purpose: 'VERIFY_CODE', email, redirect, life } as const
  const { challenge } = await queueMailWithCode(deps, client, mail)
  return { email, challenge }
}
