import type { ClientInfo, Deps } from './deps'
import { InputReader } from './steps/inputReader'
import { queueMailForAddress } from './steps/queueMailForAddress'

/**
 * Mails another link to an unverified address. Does the same for every address: whether it has an unverified account is
 * looked up when the mail is sent. Throws InvalidInputError.
 */
export async function resendVerification(
  deps: Pick<Deps, 'config' | 'clock' | 'database'>,
  client: ClientInfo,
  input: { email: string },
): Promise<{ email: string }> {
  const read = new InputReader()
  const email = read.email('email', input.email)
  read.done()

  await queueMailForAddress(deps, client, { name: 'resendVerification', email, life: deps.config.verifyTokenTtl })
  return { email }
}
