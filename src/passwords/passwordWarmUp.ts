import type { PasswordHasher } from './passwordHasher'
import type { StrengthEstimator } from './strengthEstimator'
import { sleep } from '../lib/sleep'
import type { Logger } from '../ops/logger'

/** Milliseconds between two tries. */
const RETRY_INTERVAL = 1_000

export interface PasswordWarmUp {
  isDone(): boolean
  /** Resolves once it is done or stopped. */
  finished: Promise<void>
  stop: () => void
}

interface WarmUpParts {
  strength: Pick<StrengthEstimator, 'estimate'>
  hasher: Pick<PasswordHasher, 'measure'>
  database: { prepare: () => Promise<void> }
  logger: Pick<Logger, 'warn'>
}

/**
 * Loads the strength estimator and Prisma's compiler of queries, and measures one hash, so that the first registration neither
 * waits for them nor is refused because of a wrong initial estimate. Until then the server listens and is not ready.
 */
export function startPasswordWarmUp({ strength, hasher, database, logger }: WarmUpParts): PasswordWarmUp {
  const stopped = new AbortController()
  const isStopped = (): boolean => stopped.signal.aborted
  let done = false

  async function warmUp(): Promise<void> {
    await strength.estimate('', [])
    // Beside the hash, which has a thread of its own. An unreachable database is for readiness to say.
    await Promise.all([hasher.measure(), database.prepare().catch(() => undefined)])
    done = true
  }

  async function warmUpOrRetry(): Promise<void> {
    try {
      await warmUp()
    } catch (error) {
      if (isStopped()) return
      logger.warn({ event: 'password_checks_waiting', err: error }, 'Passwords cannot be checked yet')
      await sleep(RETRY_INTERVAL, stopped.signal)
      if (!isStopped()) await warmUpOrRetry()
    }
  }

  return { isDone: () => done, finished: warmUpOrRetry(), stop: () => stopped.abort() }
}
