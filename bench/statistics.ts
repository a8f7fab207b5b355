/** The value below which `share` (0 to 1) of the values lie. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0
}

/** The median of what `of` reads from each round. */
export function medianOf<Round>(rounds: readonly Round[], of: (round: Round) => number): number {
  return percentile(rounds.map(of), 0.5)
}

/**
 * How well time alone tells two groups apart (the area under the ROC curve): 0.5 is a coin toss, 1 is certainty. Folded,
 * since whoever classifies may call either group the slower one.
 */
export function distinguishability(left: readonly number[], right: readonly number[]): number {
  const all = [...left.map((time) => ({ time, left: true })), ...right.map((time) => ({ time, left: false }))]
  all.sort((a, b) => a.time - b.time)
  let rankSum = 0
  for (const [index, { left: isLeft }] of all.entries()) if (isLeft) rankSum += index + 1
  const wins = rankSum - (left.length * (left.length + 1)) / 2
  const area = wins / (left.length * right.length)
  return Math.max(area, 1 - area)
}

/** The standard error of that area for two groups of `count` that do not differ (Hanley and McNeil). */
export function standardError(count: number): number {
  return Math.sqrt((2 * count + 1) / (12 * count * count))
}
