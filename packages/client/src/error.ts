/** What the client says by itself; every other code is the server's. */
const UNREACHABLE = 'UNREACHABLE'

/**
 * A request that failed as a whole. Its code is the server's (`UNAUTHENTICATED`, `SERVICE_UNAVAILABLE` and others), or
 * `UNREACHABLE` where no answer of the server came: a dead network, or a proxy's own page.
 */
export class GatehouseError extends Error {
  override readonly name = 'GatehouseError'

  constructor(
    readonly code: string,
    message: string,
    /** Seconds, where the server names them. */
    readonly retryAfter?: number,
  ) {
    super(message)
  }
}

export const unreachable = (reason: string) => new GatehouseError(UNREACHABLE, reason)
