import { batchHits } from './batchedHits'
import type { Budget, Count, CounterEngine } from './counterEngine'
import type { LocalCounters } from './localCounters'

/** One call on a budget, by the key that it is counted under. */
export interface KeyedCharge {
  key: string
  budget: Budget
}

/** A budget that refuses a call, and the milliseconds until its window ends. */
export interface Refusal {
  budget: Budget
  msLeft: number
}

/**
 * Counts in a store that instances share, and also in this process: the budget then holds even if the store loses its
 * counters or is replaced by the other one, and a spent key is refused without a query.
 */
export class SharedCounters {
  private readonly hitStore: ReturnType<typeof batchHits>

  constructor(
    private readonly local: LocalCounters,
    private readonly store: CounterEngine,
  ) {
    this.hitStore = batchHits(store)
  }

  /** The budgets that are known to be spent. Sends no query and counts nothing. */
  knownSpent(charges: readonly KeyedCharge[]): Refusal[] {
    return charges
      .map(({ key, budget }) => ({ budget, msLeft: this.local.msBlocked(key, budget.max) }))
      .filter(({ msLeft }) => msLeft > 0)
  }

  /** Counts one call on each budget, here and in the store. Resolves to the budgets that do not admit it. */
  async count(charges: readonly KeyedCharge[]): Promise<Refusal[]> {
    const first = new Set(charges.filter(({ key, budget }) => this.local.hit(key, budget.window).calls === 1))
    const shared = charges.filter(({ budget }) => !budget.local)
    if (shared.length === 0) return []
    const hits = shared.map(({ key, budget: { window } }) => ({ key, window }))
    const counts = await this.hitStore(hits).catch((error: unknown) => {
      for (const { key, budget } of charges) this.local.refund(key, budget.max) // nothing was admitted
      throw error
    })
    return shared.flatMap((charge, index) => this.refusalsOf(charge, counts[index], first.has(charge)))
  }

  async refund(charges: readonly KeyedCharge[]): Promise<void> {
    for (const { key, budget } of charges) this.local.refund(key, budget.max)
    const shared = charges.filter(({ budget }) => !budget.local)
    if (shared.length > 0) await this.store.refund(shared.map(({ key, budget: { max } }) => ({ key, max })))
  }

  private refusalsOf({ key, budget }: KeyedCharge, counted: Count | undefined, opensWindow: boolean): Refusal[] {
    if (!counted) throw new Error('The store returned no count for a rate-limit counter')
    const { calls, msLeft } = counted
    if (opensWindow) this.local.syncWindowEnd(key, msLeft)
    if (calls <= budget.max) return []
    this.local.markSpent(key, budget.max, msLeft)
    return [{ budget, msLeft: Math.max(msLeft, 1) }]
  }
}
