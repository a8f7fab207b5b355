/**
 * A round-robin queue: each round serves one item of every client that waits, in the order in which the clients came.
 * Every operation costs the same whatever the length, `waitingBefore` one step for each waiting item of that client.
 */
export class FairQueue<Item> {
  /** The client that is served next stands first; a Map keeps the order of insertion. */
  private readonly clients = new Map<string, Set<Item>>()
  /** How many clients have at least n items waiting, at index n: the length of the n-th round from now. */
  private readonly rounds: number[] = [0]
  private count = 0

  get size(): number {
    return this.count
  }

  push(client: string, item: Item): void {
    const items = this.clients.get(client) ?? new Set()
    this.clients.set(client, items.add(item))
    this.rounds[items.size] = this.round(items.size) + 1
    this.count += 1
  }

  /** Takes the next item; its client goes to the end of the round. */
  shift(): Item | undefined {
    for (const [client, items] of this.clients) {
      for (const item of items) {
        this.remove(client, item)
        this.clients.delete(client)
        if (items.size > 0) this.clients.set(client, items)
        return item
      }
    }
    return undefined
  }

  remove(client: string, item: Item): void {
    const items = this.clients.get(client)
    if (!items?.delete(item)) return
    this.rounds[items.size + 1] = this.round(items.size + 1) - 1
    if (items.size === 0) this.clients.delete(client)
    this.count -= 1
  }

  /**
   * Upper bound of the items that are served before a new one of this client: all of its own, and of each other client at
   * most one more than that. A client without waiting items waits for one round, however many items the others have.
   */
  waitingBefore(client: string): number {
    const own = this.clients.get(client)?.size ?? 0
    let before = 0
    for (let round = 1; round <= own + 1; round += 1) before += this.round(round)
    return before
  }

  private round(index: number): number {
    return this.rounds[index] ?? 0
  }
}
