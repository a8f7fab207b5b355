import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { freePort } from '../../src/lib/freePort'

/** A real Redis on a loopback port of its own. It stores nothing on disk: once ended, it comes back empty. */
export interface RedisServer {
  url: string
  /** Starts it (again), on the same port. Resolves when it accepts connections. */
  start: () => Promise<void>
  /** Ends it in an orderly way. Resolves when it is gone; may be called twice. */
  stop: () => Promise<void>
  /** Ends it without a word to its clients. */
  kill: () => Promise<void>
  /** Leaves its connections open, and answers nothing, until `resume`. */
  hang: () => void
  resume: () => void
}

/** Starts redis-server, with further options. Throws an Error that says what to install when there is none. */
export async function startRedis(...options: string[]): Promise<RedisServer> {
  const port = await freePort('127.0.0.1')
  const common = ['--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--dir', tmpdir()]
  const all = ['--port', String(port), ...common, ...options]
  return serverOf(port, () => launch(all, 'Ready to accept connections'))
}

/** The same behind TLS alone. */
export async function startTlsRedis({ cert, key }: { cert: string; key: string }, ...options: string[]) {
  const port = await freePort('127.0.0.1')
  const tls = ['--tls-port', String(port), '--tls-cert-file', cert, '--tls-key-file', key, '--tls-auth-clients', 'no']
  const server = await startRedis('--port', '0', ...tls, ...options)
  return { ...server, url: `rediss://127.0.0.1:${port}` }
}

/** A Sentinel that watches a primary as `mymaster`, and replaces it after 300 ms of silence. Its password is `watching`. */
export async function startSentinel(primary: string, file: string): Promise<RedisServer> {
  const port = await freePort('127.0.0.1')
  writeFileSync(
    file,
    `port ${port}
bind 127.0.0.1
requirepass watching
sentinel monitor mymaster 127.0.0.1 ${new URL(primary).port} 1
sentinel down-after-milliseconds mymaster 300
sentinel failover-timeout mymaster 2000
`,
  )
  return serverOf(port, () => launch([file, '--sentinel'], '+monitor'))
}

async function serverOf(port: number, launchIt: () => Promise<ChildProcess>): Promise<RedisServer> {
  let child = await launchIt()

  const end = async (signal: NodeJS.Signals) => {
    if (child.exitCode !== null || child.signalCode !== null) return
    const exited = once(child, 'exit')
    child.kill(signal)
    await exited
  }
  return {
    url: `redis://127.0.0.1:${port}`,
    start: async () => {
      child = await launchIt()
    },
    stop: () => {
      child.kill('SIGCONT') // a stopped process would never see the signal to end
      return end('SIGTERM')
    },
    kill: () => end('SIGKILL'),
    hang: () => child.kill('SIGSTOP'),
    resume: () => child.kill('SIGCONT'),
  }
}

async function launch(options: string[], sign: string): Promise<ChildProcess> {
  const child = spawn('redis-server', options, { stdio: ['ignore', 'pipe', 'inherit'] })
  const endWithUs = () => child.kill('SIGKILL')
  process.once('exit', endWithUs)
  child.once('exit', () => process.off('exit', endWithUs))

  await new Promise<void>((resolve, reject) => {
    let said = ''
    child.once('error', () => reject(new Error('These tests need redis-server: apt-get install redis-server')))
    child.once('exit', (code) => reject(new Error(`redis-server ended with ${String(code)}: ${said}`)))
    child.stdout.on('data', (chunk: Buffer) => {
      said += chunk.toString()
      if (said.includes(sign)) resolve()
    })
  })
  return child
}
