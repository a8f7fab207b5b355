import type { Logger } from '../ops/logger'

/** Milliseconds. A person waits for this check, and it fails open. */
const TIMEOUT = 1_500

interface BreachCheckOptions {
  url: string | null
  logger: Pick<Logger, 'warn'>
  timeout?: number
}

/** Whether a password is in a list of leaked ones. Never throws: false if the service is unavailable. */
export type BreachCheck = (password: string) => Promise<boolean>

/**
 * Queries a Pwned Passwords service by k-anonymity: the request holds five hexadecimal digits of the password's SHA-1, and
 * the response is padded, so that neither the service nor the network learns the password. Without a URL there is no check.
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

/** The code or name of an error, never its message, which may quote the request. */
function reasonOf(failure: unknown): string {
  const { name, cause } = Object(failure) as { name?: unknown; cause?: unknown }
  const { code } = Object(cause) as { code?: unknown }
  return String(code ?? name)
}
