import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, readlinkSync, realpathSync } from 'node:fs'
import { join } from 'node:path'

/** A running PostgreSQL server. Its port is 0 while it has none yet. */
interface Postmaster {
  pid: number
  port: number
}

/** The server that runs on this data folder; null when there is none. The file that a dead one left is not believed. */
export function findPostmaster(data: string): Postmaster | null {
  const pid = storedPid(data)
  if (pid === null || !runsOn(pid, data)) return null
  return { pid, port: Number(linesOf(pidFile(data))[3]) || 0 }
}

/** The process id that the last server wrote down, alive or not. */
export function storedPid(data: string): number | null {
  const pid = Number(linesOf(pidFile(data))[0])
  return Number.isInteger(pid) && pid > 0 ? pid : null
}

/** PostgreSQL writes its process id into the first line of this file, and its port into the fourth. */
export function pidFile(data: string): string {
  return join(data, 'postmaster.pid')
}

/** After a crash the number may be another process's by now: only a server that works in this folder counts. */
function runsOn(pid: number, data: string): boolean {
  if (existsSync('/proc/self/cwd')) return workingFolder(pid) === realpathSync(data)
  const { status, stdout } = spawnSync('ps', ['-o', 'command=', '-p', String(pid)], { encoding: 'utf8' })
  return status === 0 && stdout.includes('postgres') && stdout.includes(data)
}

function workingFolder(pid: number): string | null {
  try {
    return readlinkSync(`/proc/${pid}/cwd`)
  } catch {
    return null // no such process, a zombie, or another user's
  }
}

function linesOf(file: string): string[] {
  try {
    return readFileSync(file, 'utf8').split('\n')
  } catch {
    return [] // it comes and goes with the server
  }
}
