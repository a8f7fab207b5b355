/** A request for one hash. */
export interface HashRequest {
  /** The network that the hash queue is fair between. */
  client: string
  /** Aborts when the client has disconnected. */
  signal: AbortSignal
}
