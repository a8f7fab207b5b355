import type { Logger } from '../ops/logger'

/** Milliseconds: a person waits for this, and the check is a help and no gate. */
const TIMEOUT = 1_500

interface BreachCheckOptions {
  url: string | null
  logger: Pick<Logger, 'warn'>
  timeout?: number
}

/** Whether a password stands in a list of leaked ones. Never throws: a service that is away says no. */
export type BreachCheck = (password: string) => Promise<boolean>

/**
 * Asks a Pwned Passwords service by k-anonymity: it is told five hexadecimal digits of the password's SHA-1, and its
 * answer is padded, so that neither it nor the network learns which password was meant. Without a URL nothing is asked.
 * Fails open with a warning, since sign-up must not depend on somebody else's service.
 */
export function createBreachCheck({ url, logger, timeout = TIMEOUT }: BreachCheckOptions): BreachCheck {
  if (url === null) return () => Promise.resolve(false)
  return async (password) => {
    try {
      const { pwnedPassword } = await import('hibp')
      return (await pwnedPassword(password, { baseUrl: url, addPadding: true, timeoutMs: timeout })) > 0
    } catch (failure) {
      logger.warn({ reason: reasonOf(failure) }, 'The breach service did not answer: the password was not checked')
      return false
    }
  }
}

/** The system's code or the name of a failure, and nothing of its text, which may quote the request. */
function reasonOf(failure: unknown): string {
  const { name, cause } = Object(failure) as { name?: unknown; cause?: unknown }
  const { code } = Object(cause) as { code?: unknown }
  return String(code ?? name)
}
