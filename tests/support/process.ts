import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { residentMemoryOf } from './memory'
import { Watched } from './smtp'

const ROOT = join(__dirname, '../..')
/** The built binary: what people run. `npm test` builds it before. */
const BINARY = join(ROOT, 'dist/main.js')

/** How a process ended. */
export interface Ending {
  code: number | null
  signal: NodeJS.Signals | null
}

interface Start {
  command: string
  args: string[]
  env: Record<string, string>
  /** For a command that starts the server as its child: should it leave that behind, the tests end it all the same. */
  group?: boolean
}

/** What still runs when a test file is over, because a test failed before it stopped it, would keep jest from ending. */
const running = new Set<TestProcess>()
afterAll(() => Promise.all([...running].map((started) => started.stop('SIGKILL'))))

/** A process with what it says, to wait for. It never outlives the tests. */
export class TestProcess extends Watched {
  output = ''
  ending: Ending | null = null
  readonly child: ChildProcess

  constructor({ command, args, env, group = false }: Start) {
    super()
    const { PATH = '', HOME = '' } = process.env
    this.child = spawn(command, args, { cwd: ROOT, env: { PATH, HOME, ...env }, detached: group })
    const endWithUs = () => this.endAll(group)
    running.add(this)
    process.once('exit', endWithUs)
    for (const stream of [this.child.stdout, this.child.stderr]) {
      stream?.on('data', (chunk: Buffer) => {
        this.output += chunk.toString()
        this.wake()
      })
    }
    // What it leaves behind would hold its streams open.
    this.child.once('exit', endWithUs)
    this.child.once('close', (code, signal) => {
      process.off('exit', endWithUs)
      running.delete(this)
      this.ending = { code, signal }
      this.wake()
    })
  }

  /** Sends a signal; does not wait. */
  kill(signal: NodeJS.Signals): void {
    this.child.kill(signal)
  }

  /** Resolves once it has ended and everything it said was read. */
  ended(): Promise<Ending> {
    return this.until(() => this.ending ?? undefined)
  }

  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<Ending> {
    this.kill(signal)
    return this.ended()
  }

  private endAll(group: boolean): void {
    const { pid } = this.child
    if (!group || pid === undefined) return void this.child.kill('SIGKILL')
    try {
      process.kill(-pid, 'SIGKILL')
    } catch {
      // nobody of the group is left
    }
  }

  /** The lines of its log, parsed; whatever else it prints is left out. */
  logLines(): Record<string, unknown>[] {
    const lines = this.output.split('\n').filter((line) => line.startsWith('{'))
    return lines.map((line) => JSON.parse(line) as Record<string, unknown>)
  }

  /** Resolves with the address it listens on. Throws when it ends instead. */
  async listening(): Promise<string> {
    const complete = () => this.output.slice(0, this.output.lastIndexOf('\n') + 1)
    const address = await this.until(() => {
      if (this.ending) return null
      return /"event":"listening","address":"([^"]+)"/.exec(complete())?.[1]
    })
    if (address === null) throw new Error(`The server ended with ${JSON.stringify(this.ending)}: ${this.output}`)
    return address
  }

  /** Megabytes (MiB) of memory that it holds at this moment. Linux only. */
  residentMemory(): number {
    return residentMemoryOf(this.child.pid ?? 0)
  }
}

/** Runs the `gatehouse` binary with these arguments and nothing but this environment. */
export function runGatehouse(args: string[], env: Record<string, string>): TestProcess {
  return new TestProcess({ command: process.execPath, args: [BINARY, ...args], env })
}

export interface ServerProcess {
  url: string
  process: TestProcess
}

/** Starts a server as a process of its own, on a free port, and waits until it listens. */
export async function startServer(env: Record<string, string>): Promise<ServerProcess> {
  const started = runGatehouse(['serve'], { ...CHEAP, ...env })
  return { url: await started.listening(), process: started }
}

/** What makes a server fit for a test: a free port, cheap hashes, no budgets. */
export const CHEAP = {
  PORT: '0',
  SECRET: 'the secret of the tests, which is long enough',
  BCRYPT_COST: '10',
  HASH_MAX_WAIT: '60s',
  RATE_LIMITS: 'off',
  SHUTDOWN_GRACE: '5s',
}

/** A folder of its own for a server's data. */
export function temporaryFolder(): { path: string; remove: () => void } {
  const path = mkdtempSync(join(tmpdir(), 'gatehouse-process-'))
  return { path, remove: () => rmSync(path, { recursive: true, force: true, maxRetries: 5 }) }
}
