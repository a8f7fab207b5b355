/**
 * A queue that takes turns between clients: each round serves one item of every client that waits, in the order in which
 * they came. Every operation costs the same whatever the length, `ahead` one step for each item of that client.
 */
export class TurnQueue<Item> {
  /** The next client's turn stands first; a Map keeps the order of insertion. */
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

  /** The item whose turn it is; its client goes to the end of the round. */
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
   * How many items would be served before the next one of this client: its own backlog, and of each other client as many
   * as have their turn by then. One that has none waiting has one round ahead, however long the queues of the others are.
   */
  ahead(client: string): number {
    const backlog = this.clients.get(client)?.size ?? 0
    let ahead = 0
    for (let round = 1; round <= backlog + 1; round += 1) ahead += this.round(round)
    return ahead
  }

  private round(index: number): number {
    return this.rounds[index] ?? 0
  }
}
