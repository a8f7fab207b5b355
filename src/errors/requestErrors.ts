/** No valid session: the token is missing, expired, revoked or forged. `cause` says which, to the log only. */
export class UnauthenticatedError extends Error {}

/** A valid token of somebody who may not do this. */
export class ForbiddenError extends Error {}

/** The database cannot be reached. Answered 503 with Retry-After. */
export class ServiceUnavailableError extends Error {}

/** The client closed its connection, or the time for the request ended, before the work began. */
export class AbandonedError extends Error {}

/** What a request that no fault of ours ended is counted as; null for any other error. */
export function outcomeOfClient(error: unknown): 'UNAUTHENTICATED' | 'FORBIDDEN' | 'ABANDONED' | null {
  if (error instanceof ForbiddenError) return 'FORBIDDEN'
  if (error instanceof UnauthenticatedError) return 'UNAUTHENTICATED'
  return error instanceof AbandonedError ? 'ABANDONED' : null
}
