import { WeakPasswordError } from '../../errors/userErrors'
import type { ClientInfo, Deps } from '../deps'
import { turnOf } from './turn'

/**
 * The hash of a new password that resists guessing. `personal` are words that its owner would be guessed by. There must be
 * room among the hashes before anything is spent on judging it. Throws a WeakPasswordError, or what the hasher throws.
 */
export async function hashNewPassword(
  deps: Pick<Deps, 'config' | 'strength' | 'breached' | 'hasher'>,
  client: ClientInfo,
  { password, personal }: { password: string; personal: readonly (string | null)[] },
): Promise<string> {
  const turn = turnOf(client)
  deps.hasher.demandRoom(turn)
  await demandStrength(deps, password, personal)
  return deps.hasher.hash(password, turn)
}

/** The breach service, where one is configured, fails open (it says so in the log). */
async function demandStrength(
  { config, strength, breached }: Pick<Deps, 'config' | 'strength' | 'breached'>,
  password: string,
  personal: readonly (string | null)[],
): Promise<void> {
  const known = [...personal, config.appName, new URL(config.publicUrl).hostname]
  const { score, suggestions } = await strength.estimate(
    password,
    known.filter((word) => word !== null),
  )
  if (score < config.passwordMinScore) throw new WeakPasswordError(score, suggestions)
  if (await breached(password)) throw new WeakPasswordError(0, ['pwned'])
}
