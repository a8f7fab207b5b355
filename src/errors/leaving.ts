import { AbandonedError, ServiceUnavailableError, UnauthenticatedError } from './requestErrors'
import { RateLimitedError } from './userErrors'
import { isDatabaseOutage } from './outage'
import { REQUEST_ERROR_CODES, type RequestErrorCode } from './codes'

/** What a client is told of an error that is no data. */
export interface LeavingError {
  code: RequestErrorCode
  /** The protocol's own wording, where it is safe to repeat; null: the catalogue's. */
  message: string | null
  /** An HTTP status of its own; null where the door decides. */
  status: number | null
  /** Seconds, for Retry-After. */
  retryAfter: number | null
  /** Whether the log must hear of it as a fault of ours. */
  fault: boolean
}

/** Codes whose message tells of the client's own document, and of nothing inside. */
const OWN_WORDS: ReadonlySet<string> = new Set<RequestErrorCode>([
  'QUERY_TOO_COMPLEX',
  'BAD_USER_INPUT',
  'BAD_REQUEST',
  'PERSISTED_QUERY_NOT_SUPPORTED', // Apollo's clients send the whole document when they read this code or message
  'GRAPHQL_PARSE_FAILED',
  'GRAPHQL_VALIDATION_FAILED',
])

/** Seconds after which a database that was away is worth another try. */
const RETRY_AFTER = 5

/**
 * Decides what leaves the server of any error: the only place that does. `code` is what the error already carries, if
 * anything; whatever is not known to be harmless becomes one constant answer.
 */
export function leavingError(error: unknown, code: unknown, message: string): LeavingError {
  const base = { message: null, status: null, retryAfter: null, fault: false }
  if (error instanceof UnauthenticatedError) return { ...base, code: 'UNAUTHENTICATED' }
  if (error instanceof RateLimitedError) return { ...base, code: 'RATE_LIMITED', retryAfter: error.retryAfter }
  if (error instanceof ServiceUnavailableError || error instanceof AbandonedError || isDatabaseOutage(error)) {
    return {
      ...base,
      code: 'SERVICE_UNAVAILABLE',
      status: 503,
      retryAfter: RETRY_AFTER,
      fault: isDatabaseOutage(error),
    }
  }
  if (isRequestErrorCode(code) && OWN_WORDS.has(code)) return { ...base, code, message }
  return { ...base, code: 'INTERNAL_SERVER_ERROR', fault: true }
}

function isRequestErrorCode(code: unknown): code is RequestErrorCode {
  return (REQUEST_ERROR_CODES as readonly unknown[]).includes(code)
}
