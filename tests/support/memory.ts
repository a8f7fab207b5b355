import { readFileSync } from 'node:fs'

/** Megabytes (MiB) of memory that a process holds at this moment. Linux only. */
export function residentMemoryOf(pid: number): number {
  return Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024
}
