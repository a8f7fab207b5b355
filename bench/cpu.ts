import { readFileSync } from 'node:fs'

/** Ticks of a second in which Linux counts processor time, on every architecture that Node runs on. */
const TICKS = 100

/** Seconds of processor time, of the process and of the system for it, that a process has spent since its start. Linux only. */
export function cpuSecondsOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  // The second field is the program's name in parentheses, which may hold spaces: the third one begins after them.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) / TICKS
}
