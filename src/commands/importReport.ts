import { IMPORT } from '../config/defaults'
import type { Clock } from '../lib/clock'
import type { ImportResult } from '../services/importUsers'

interface Output {
  /** Results as JSON lines on standard output, for a program. */
  json: boolean
  dryRun: boolean
  clock: Clock
}

/** Tells of every line that was not imported, how far the import is, and how often there was which problem. */
export class ImportReport {
  private readonly counts = { imported: 0, replaced: 0, skipped: 0, refused: 0 }
  private readonly problems = { skipped: new Map<string, number>(), refused: new Map<string, number>() }
  private readonly startedAt: number
  private toldAt: number

  constructor(private readonly output: Output) {
    this.startedAt = this.toldAt = output.clock.now().getTime()
  }

  get hasRefused(): boolean {
    return this.counts.refused > 0
  }

  add(result: ImportResult): void {
    this.counts[result.outcome] += 1
    if (!('problems' in result)) return
    const { line, outcome, problems } = result
    for (const problem of problems) count(this.problems[outcome], problem)
    if (this.output.json) console.log(JSON.stringify({ line, outcome, problems }))
    else if (outcome === 'refused' || this.counts.skipped <= IMPORT.maxNamedSkips)
      console.error(`line ${line}: ${outcome}: ${problems.join('; ')}`)
    else if (this.counts.skipped === IMPORT.maxNamedSkips + 1)
      console.error('Further lines that are already there are counted, not named: --json names all of them')
  }

  /** Tells how far it is, from time to time. `share` of the file, if its size is known. */
  progress(lines: number, share: number | null): void {
    const now = this.output.clock.now().getTime()
    if (now - this.toldAt < IMPORT.progressInterval) return
    this.toldAt = now
    const speed = Math.round(lines / ((now - this.startedAt) / 1_000))
    const percent = share === null ? '' : ` (${Math.floor(share * 100)} %)`
    console.error(`${lines} lines${percent}, ${speed} a second: ${this.totals()}`)
  }

  /** After a failure: what is committed stays. */
  interrupted(line: number): void {
    console.error(
      `Stopped after line ${line}: ${this.totals()}. Run the same file again: what was imported is skipped then.`,
    )
  }

  summary(): void {
    const { imported, replaced, skipped, refused } = this.counts
    const { dryRun, json } = this.output
    if (json) {
      const problems = {
        skipped: Object.fromEntries(this.problems.skipped),
        refused: Object.fromEntries(this.problems.refused),
      }
      console.log(
        JSON.stringify({ summary: { dryRun, imported: imported + replaced, replaced, skipped, refused, problems } }),
      )
      return
    }
    console.log((dryRun ? 'Dry run, nothing is written: ' : '') + this.totals())
    if (replaced > 0) console.log(`${replaced} of the imported in place of a registration that was never verified`)
    for (const [outcome, problems] of [
      ['already there', this.problems.skipped],
      ['refused', this.problems.refused],
    ] as const) {
      if (problems.size > 0) console.log(`${outcome}:`)
      for (const [problem, times] of [...problems].sort(([, one], [, other]) => other - one))
        console.log(`  ${times} × ${problem}`)
    }
  }

  private totals(): string {
    const { imported, replaced, skipped, refused } = this.counts
    return `${imported + replaced} imported, ${skipped} already there, ${refused} refused`
  }
}

const OTHERS = 'other problems'

function count(problems: Map<string, number>, problem: string): void {
  // A line that it names makes every one of its kind another text.
  const kind = problem.replace(/^line \d+ has/, 'a line further up has')
  const key = problems.has(kind) || problems.size < IMPORT.maxProblemKinds ? kind : OTHERS
  problems.set(key, (problems.get(key) ?? 0) + 1)
}
