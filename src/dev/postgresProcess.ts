import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { closeSync, existsSync, openSync, readFileSync, readlinkSync, realpathSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { POSTGRES_ENV } from './postgresAccount'
import type { Cluster } from './postgresCluster'

/** Messages of a server that does not start, after which another attempt may succeed. */
const PORT_TAKEN = 'Address already in use'
const RETRY = [
  'lock file "postmaster.pid" already exists', // another process launched it at the same moment
  'pre-existing shared memory block', // processes of a killed server have not ended yet
]
/** Milliseconds that a fast shutdown may take before an immediate one, which skips the last checkpoint. */
const STOP_TIMEOUT = 15_000
/** Milliseconds between two checks of a server that stops. */
const POLL_INTERVAL = 25

type ExitReason = 'port taken' | 'retry' | 'failed'

/** One attempt to run the server. If this process is killed, the server continues and the next start uses it. */
export class PostgresProcess {
  private error: Error | null = null
  private constructor(
    private readonly child: ChildProcess,
    private readonly logFile: string,
  ) {
    child.on('error', (error) => (this.error = error))
    child.unref()
  }

  /** On the loopback interface only and without a socket file, whatever the settings of the machine. */
  static start(cluster: Cluster, port: number, settings: Record<string, string>): PostgresProcess {
    const fixed = { listen_addresses: '127.0.0.1', port: String(port), unix_socket_directories: '', timezone: 'UTC' }
    const options = Object.entries({ ...settings, ...fixed }).flatMap(([name, value]) => ['-c', `${name}=${value}`])
    removeReusedPidFile(cluster.data)
    const logFile = join(cluster.folder, 'postgres.log')
    const log = openSync(logFile, 'w', 0o600)
    try {
      const child = spawn(join(cluster.binaries.native, 'bin/postgres'), ['-D', cluster.data, ...options], {
        ...cluster.account,
        env: POSTGRES_ENV,
        cwd: '/',
        stdio: ['ignore', log, log],
        detached: true, // Ctrl-C in a terminal signals the whole process group: the database must not stop before its clients
      })
      return new PostgresProcess(child, logFile)
    } finally {
      closeSync(log)
    }
  }

  /** Why it ended; null while it runs. */
  exitReason(): ExitReason | null {
    if (this.error === null && this.child.exitCode === null && this.child.signalCode === null) return null
    const log = this.logTail()
    if (log.includes(PORT_TAKEN)) return 'port taken'
    return RETRY.some((text) => log.includes(text)) ? 'retry' : 'failed'
  }

  logTail(): string {
    return this.error?.message ?? readFileSync(this.logFile, 'utf8').trim().split('\n').slice(-10).join('\n')
  }
}

/** A running PostgreSQL server. Its port is 0 while it has none yet. */
interface Postmaster {
  pid: number
  port: number
}

/** The server that runs on this data folder; null if there is none. Ignores the pid file of a dead server. */
export function findPostmaster(data: string): Postmaster | null {
  const pid = storedPid(data)
  if (pid === null || !runsOn(pid, data)) return null
  return { pid, port: Number(linesOf(pidFile(data))[3]) || 0 }
}

/** Stops the server on this data folder. SIGINT is PostgreSQL's fast shutdown: it ends sessions and writes a checkpoint. */
export async function stopPostmaster(data: string): Promise<void> {
  for (const signal of ['SIGINT', 'SIGQUIT'] as const) {
    const server = findPostmaster(data)
    if (!server) return
    process.kill(server.pid, signal)
    const deadline = Date.now() + STOP_TIMEOUT
    while (Date.now() < deadline) {
      if (findPostmaster(data)?.pid !== server.pid) return
      await delay(POLL_INTERVAL)
    }
  }
  throw new Error(`The embedded PostgreSQL on ${data} did not stop`)
}

/** PostgreSQL writes its process id into the first line of this file, and its port into the fourth. */
export function pidFile(data: string): string {
  return join(data, 'postmaster.pid')
}

/** The process id that the last server stored, alive or not. */
function storedPid(data: string): number | null {
  const pid = Number(linesOf(pidFile(data))[0])
  return Number.isInteger(pid) && pid > 0 ? pid : null
}

/** After a crash another process may have the pid: only a server whose working directory is this folder counts. */
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
    return [] // no server is running
  }
}

/**
 * Removes a pid file whose process id another process has, as after a reboot: PostgreSQL removes the file of a killed
 * server only if no process has the id, and would not start.
 */
function removeReusedPidFile(data: string): void {
  const pid = storedPid(data)
  if (pid !== null && isAlive(pid)) rmSync(pidFile(data), { force: true })
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}
