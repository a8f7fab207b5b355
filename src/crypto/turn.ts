/** Whose turn it is, and whether anybody still wants the result. `client` is the address as budgets know it. */
export interface Turn {
  client: string
  /** The connection it came on, known by its identity alone. */
  connection: object
  /** Aborts when the client is gone. */
  signal: AbortSignal
}
