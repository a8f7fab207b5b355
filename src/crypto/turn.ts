/** Whose turn it is, and whether anybody still wants the result. `client` is the network that the queue is fair between. */
export interface Turn {
  client: string
  /** Aborts when the client is gone. */
  signal: AbortSignal
}
