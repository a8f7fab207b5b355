import { WeakPasswordError } from '../../errors/userErrors'
import type { Deps } from '../deps'

/**
 * Demands that a new password resists guessing. `personal` are words that its owner would be guessed by. Throws a
 * WeakPasswordError; the breach service, where one is configured, fails open (it says so in the log).
 */
export async function demandStrongPassword(
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
