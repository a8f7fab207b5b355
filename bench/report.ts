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

interface Bound {
  target: number
  unit?: 'ms' | 'MiB' | '/s'
  /** Digits behind the point; none unless given. */
  digits?: number
}

/** A measure that should not be less than its target. */
export function atLeast(what: string, value: number, bound: Bound): Measure {
  return {
    what,
    measured: spell(value, bound.digits, bound.unit),
    target: `>= ${spellTarget(bound)}`,
    met: value >= bound.target,
  }
}

/** A measure that should not be more than its target. */
export function atMost(what: string, value: number, bound: Bound): Measure {
  return {
    what,
    measured: spell(value, bound.digits, bound.unit),
    target: `<= ${spellTarget(bound)}`,
    met: value <= bound.target,
  }
}

function spellTarget({ target, unit }: Bound): string {
  return spell(target, Number.isInteger(target) ? 0 : 2, unit)
}

function spell(value: number, digits: number | undefined, unit: Bound['unit']): string {
  const number = value.toFixed(digits)
  return unit === undefined ? number : `${number} ${unit}`
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
