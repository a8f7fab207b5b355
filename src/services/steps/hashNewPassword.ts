import { WeakPasswordError } from '../../errors/userErrors'
import type { ClientInfo, Deps } from '../deps'
import { hashRequestOf } from './hashRequestOf'

/**
 * Checks the strength of a new password and hashes it. `personal` are words that an attacker who knows the user would try.
 * Checks the hash queue first, so that an overload costs no estimate. Throws a WeakPasswordError, or what the hasher throws.
 */
export async function hashNewPassword(
  deps: Pick<Deps, 'config' | 'strength' | 'breached' | 'hasher'>,
  client: ClientInfo,
  { password, personal }: { password: string; personal: readonly (string | null)[] },
): Promise<string> {
  const request = hashRequestOf(client)
  deps.hasher.assertCapacity(request)
  await requireStrongPassword(deps, client, { password, personal })
  return deps.hasher.hash(password, request)
}

/** The breach check fails open, with a line in the log. */
async function requireStrongPassword(
  { config, strength, breached }: Pick<Deps, 'config' | 'strength' | 'breached'>,
  client: ClientInfo,
  { password, personal }: { password: string; personal: readonly (string | null)[] },
): Promise<void> {
  const known = [...personal, config.appName, new URL(config.publicUrl).hostname]
  const { score, suggestions } = await strength.estimate(
    password,
    known.filter((word) => word !== null),
  )
  if (score < config.passwordMinScore) throw new WeakPasswordError(score, suggestions)
  if (await breached(password, client.log)) throw new WeakPasswordError(0, ['pwned'])
}
