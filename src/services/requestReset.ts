import type { ClientInfo, Deps } from './deps'
import { InputReader } from './steps/inputReader'
import { queueMailForAddress } from './steps/queueMailForAddress'

/**
 * Mails a link that sets a new password. Does the same for every address: whether it has an account is looked up when the
 * mail is sent. The request changes nothing in the account. Throws InvalidInputError.
 */
export async function requestReset(
  deps: Pick<Deps, 'config' | 'clock' | 'database'>,
  client: ClientInfo,
  input: { email: string; redirect?: string | null },
): Promise<{ email: string }> {
  const read = new InputReader()
  const email = read.email('email', input.email)
  const redirect = read.redirect('redirect', input.redirect, deps.config.redirectUrls)
  read.done()

  const mail = { name: 'resetPassword', email, redirect, life: deps.config.resetTokenTtl } as const
  await queueMailForAddress(deps, client, mail)
  return { email }
}
