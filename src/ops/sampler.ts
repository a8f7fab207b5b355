/** Keeps a flood of equal lines out of the log: the first few of each minute are written, the others counted. */
const MINUTE = 60_000

/**
 * For each event, whether it is logged: null means no; a number means yes, and is how many were left out since the last
 * line that was logged.
 */
export function createSampler(linesPerMinute: number, now: () => number = Date.now): () => number | null {
  let started = now()
  let lines = 0
  let omitted = 0
  return () => {
    if (now() - started >= MINUTE) {
      started = now()
      lines = 0
    }
    if (lines >= linesPerMinute) {
      omitted += 1
      return null
    }
    lines += 1
    const before = omitted
    omitted = 0
    return before
  }
}
