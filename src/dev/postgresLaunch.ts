import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, openSync, readFileSync, rmSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import { POSTGRES_ENV } from './postgresAccount'
import type { Cluster } from './postgresCluster'
import { pidFile, storedPid } from './postgresProcess'

/** What the server says when it does not start, and a further attempt may help. */
const TAKEN_PORT = 'Address already in use'
const OTHER_START = [
  'lock file "postmaster.pid" already exists', // another process launched it at the same moment
  'pre-existing shared memory block', // sessions of a killed server are about to notice
]

type Ending = 'port taken' | 'try again' | 'failed'

/** One attempt to run the server. It outlives this process when that is killed, and the next start adopts it. */
export class Launch {
  private problem: Error | null = null
  private constructor(
    private readonly child: ChildProcess,
    private readonly logFile: string,
  ) {
    child.on('error', (problem) => (this.problem = problem))
    child.unref()
  }

  /** On the loopback interface only and without a socket file, whatever the settings of the machine. */
  static start(cluster: Cluster, port: number, settings: Record<string, string>): Launch {
    const fixed = { listen_addresses: '127.0.0.1', port: String(port), unix_socket_directories: '', timezone: 'UTC' }
    const options = Object.entries({ ...settings, ...fixed }).flatMap(([name, value]) => ['-c', `${name}=${value}`])
    forgetReusedPid(cluster.data)
    const logFile = join(cluster.home, 'postgres.log')
    const log = openSync(logFile, 'w', 0o600)
    try {
      const child = spawn(join(cluster.binaries.native, 'bin/postgres'), ['-D', cluster.data, ...options], {
        ...cluster.account,
        env: POSTGRES_ENV,
        cwd: '/',
        stdio: ['ignore', log, log],
        detached: true, // Ctrl-C in a terminal reaches the whole group: the database must not go before its users
      })
      return new Launch(child, logFile)
    } finally {
      closeSync(log)
    }
  }

  /** How it ended; null while it runs. */
  ending(): Ending | null {
    if (this.problem === null && this.child.exitCode === null && this.child.signalCode === null) return null
    const log = this.lastWords()
    if (log.includes(TAKEN_PORT)) return 'port taken'
    return OTHER_START.some((text) => log.includes(text)) ? 'try again' : 'failed'
  }

  lastWords(): string {
    return this.problem?.message ?? readFileSync(this.logFile, 'utf8').trim().split('\n').slice(-10).join('\n')
  }
}

export async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

/**
 * PostgreSQL clears away the file that a killed server left, unless its process id is alive: after a reboot that may be
 * any process, and it would not start at all.
 */
function forgetReusedPid(data: string): void {
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
