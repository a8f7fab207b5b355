import { AbandonedError, ForbiddenError, ServiceUnavailableError, UnauthenticatedError } from './requestErrors'
import { ForbiddenScopeError, RateLimitedError, StepUpRequiredError } from './userErrors'
import { isDatabaseOutage } from './outage'
import { REQUEST_ERRORS, type RequestErrorCode, isRequestErrorCode } from './catalogue'

/** The public form of an error that is not a union member. */
export interface PublicError {
  code: RequestErrorCode
  /** The protocol's own wording, where it is safe to repeat; null: the catalogue's. */
  message: string | null
  /** An HTTP status of its own; null where GraphQL over HTTP decides. */
  status: number | null
  /** Seconds, for Retry-After. */
  retryAfter: number | null
  /** Whether it is a fault of this server, which the log must record. */
  isServerFault: boolean
}

/** Seconds, for Retry-After while the database is unavailable. */
const RETRY_AFTER = 5

/**
 * Decides which part of an error is sent to a client: the only function that does. `code` is the one that the error carries,
 * if any. An error that is not known to be harmless becomes a constant response.
 */
export function toPublicError(error: unknown, code: unknown, message: string): PublicError {
  const base = { message: null, status: null, retryAfter: null, isServerFault: false }
  if (error instanceof UnauthenticatedError) return { ...base, code: 'UNAUTHENTICATED' }
  if (error instanceof ForbiddenError || error instanceof ForbiddenScopeError) return { ...base, code: 'FORBIDDEN' }
  if (error instanceof StepUpRequiredError) return { ...base, code: 'STEP_UP_REQUIRED' }
  if (error instanceof RateLimitedError) return { ...base, code: 'RATE_LIMITED', retryAfter: error.retryAfter }
  if (error instanceof ServiceUnavailableError || error instanceof AbandonedError || isDatabaseOutage(error)) {
    return {
      ...base,
      code: 'SERVICE_UNAVAILABLE',
      status: 503,
      retryAfter: RETRY_AFTER,
      isServerFault: isDatabaseOutage(error),
    }
  }
  if (isRequestErrorCode(code) && REQUEST_ERRORS[code].ownMessage) return { ...base, code, message }
  return { ...base, code: 'INTERNAL_SERVER_ERROR', isServerFault: true }
}
