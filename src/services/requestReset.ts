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
  input: { email: string },
): Promise<{ email: string }> {
  const read = new InputReader()
  const email = read.email('email', input.email)
  read.done()

  await queueMailForAddress(deps, client, { name: 'resetPassword', email, life: deps.config.resetTokenTtl })
  return { email }
}
