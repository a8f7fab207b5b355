/** One line of what was measured. */
export interface Measure {
  what: string
  measured: string
  /** What it should be; null where it is told for comparison alone. */
  target: string | null
  met: boolean
}

/** A measure to compare others with. */
export function figure(what: string, measured: string): Measure {
  return { what, measured, target: null, met: true }
}

/** Prints the measures as a table, with a mark on each that missed its target. */
export function print(measures: readonly Measure[]): void {
  const rows = measures.map(({ what, measured, target, met }) => [
    what,
    measured,
    target ?? '',
    target === null ? '' : met ? 'ok' : 'MISSED',
  ])
  const table = [['', 'measured', 'target', ''], ...rows]
  const widths = [0, 1, 2, 3].map((column) => Math.max(...table.map((row) => row[column]?.length ?? 0)))
  for (const row of table)
    console.log(
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
}
