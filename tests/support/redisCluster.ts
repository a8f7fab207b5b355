import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from '../../src/lib/freePort'
import { until } from './until'

export interface RedisCluster {
  /** The address of its first node. */
  url: string
  ports: number[]
  /** Ends one node without a word. */
  kill: (node: number) => Promise<void>
  stop: () => Promise<void>
}

/** A Redis Cluster of three nodes without replicas, on loopback. */
export async function startRedisCluster(): Promise<RedisCluster> {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-redis-cluster-'))
  const nodes = await Promise.all([0, 1, 2].map((node) => startNode(join(folder, `nodes-${node}.conf`))))
  const ports = nodes.map(({ port }) => port)
  const addresses = ports.map((port) => `127.0.0.1:${port}`)
  const cli = (port: number | undefined, ...args: string[]) =>
    spawnSync('redis-cli', ['-p', String(port), ...args], { encoding: 'utf8' }).stdout
  await until(() => ports.every((port) => cli(port, 'ping').startsWith('PONG')))
  spawnSync('redis-cli', ['--cluster', 'create', ...addresses, '--cluster-yes'], { encoding: 'utf8' })
  await until(() => ports.every((port) => cli(port, 'cluster', 'info').includes('cluster_state:ok')))

  const end = async (child: ChildProcess | undefined) => {
    if (!child || child.exitCode !== null || child.signalCode !== null) return
    const exited = once(child, 'exit')
    child.kill('SIGKILL')
    await exited
  }
  return {
    url: `redis://${addresses[0] ?? ''}`,
    ports,
    kill: (node) => end(nodes[node]?.child),
    stop: async () => {
      await Promise.all(nodes.map(({ child }) => end(child)))
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

async function startNode(config: string): Promise<{ child: ChildProcess; port: number }> {
  const [port, bus] = [await freePort('127.0.0.1'), await freePort('127.0.0.1')]
  const cluster = ['--cluster-enabled', 'yes', '--cluster-config-file', config, '--cluster-port', String(bus)]
  const options = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--dir', tmpdir()]
  // The slots of a node that is gone are lost; the others go on.
  const child = spawn('redis-server', [...options, ...cluster, '--cluster-require-full-coverage', 'no'], {
    stdio: 'ignore',
  })
  const endWithUs = () => child.kill('SIGKILL')
  process.once('exit', endWithUs)
  child.once('exit', () => process.off('exit', endWithUs))
  return { child, port }
}
