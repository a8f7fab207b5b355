import type { RequestLog } from '../ops/logger'

/** Milliseconds. A person waits for this check, and it fails open. */
const TIMEOUT = 1_500

interface BreachCheckOptions {
  url: string | null
  timeout?: number
}

/** Whether a password is in a list of leaked ones. Never throws: false if the service is unavailable. */
export type BreachCheck = (password: string, log: Pick<RequestLog, 'warn'>) => Promise<boolean>

/**
 * Queries a Pwned Passwords service by k-anonymity: the request holds five hexadecimal digits of the password's SHA-1, and
 * the response is padded, so that neither the service nor the network learns the password. Without a URL there is no check.
 * Fails open with a warning, since sign-up must not depend on somebody else's service.
 */
export function createBreachCheck({ url, timeout = TIMEOUT }: BreachCheckOptions): BreachCheck {
  if (url === null) return () => Promise.resolve(false)
  return async (password, log) => {
    try {
      const { pwnedPassword } = await import('hibp')
      return (await pwnedPassword(password, { baseUrl: url, addPadding: true, timeoutMs: timeout })) > 0
    } catch (failure) {
      log.warn(
        { event: 'breach_check_failed', err: failure },
        'The breach service did not answer: the password was not checked',
      )
      return false
    }
  }
}
