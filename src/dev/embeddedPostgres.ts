import { setTimeout as delay } from 'node:timers/promises'
import { freePort } from '../lib/freePort'
import type { Logger } from '../ops/logger'
import { type Cluster, SUPERUSER, openCluster, storePort } from './postgresCluster'
import { PostgresProcess, findPostmaster, stopPostmaster } from './postgresProcess'
import { ServerLease } from './serverLease'

interface Options {
  /** Each dataDir has its own database. Deleting the folder gives an empty one. */
  dataDir: string
  logger: Logger
  /** Further settings of PostgreSQL, such as max_connections. */
  settings?: Record<string, string>
}

export interface EmbeddedPostgres {
  url: string
  /** Stops the server, unless another process still uses it. */
  stop(): Promise<void>
}

/** Milliseconds: recovery after a crash replays the writes of five minutes at most. */
const START_TIMEOUT = 60_000
/** Milliseconds between two checks of a server that starts. */
const POLL_INTERVAL = 25

/**
 * The PostgreSQL that comes with the project, for development and tests: on the loopback interface only, with a generated
 * password. Uses a server that is already running, such as that of a killed process; several processes on one dataDir share
 * one server. Throws if this platform has no binaries, the database cannot be created, or the server does not start.
 */
export async function startEmbeddedPostgres({ dataDir, logger, settings = {} }: Options): Promise<EmbeddedPostgres> {
  const cluster = await openCluster(dataDir)
  const { lease, port } = await reachServer(cluster, settings)
  if (port !== cluster.port) storePort(cluster.folder, port)
  logger.info({ port, files: cluster.folder }, 'embedded PostgreSQL ready')

  let stopping: Promise<void> | null = null
  return { url: urlOf(cluster, port), stop: () => (stopping ??= leaveServer(cluster, lease, logger)) }
}

/** Uses the running server, or starts one, and waits until it answers. */
async function reachServer(
  cluster: Cluster,
  settings: Record<string, string>,
): Promise<{ lease: ServerLease; port: number }> {
  let port = cluster.port
  let launched: PostgresProcess | null = null
  const deadline = Date.now() + START_TIMEOUT
  while (Date.now() < deadline) {
    const running = findPostmaster(cluster.data)
    const lease = running && (await ServerLease.acquire(urlOf(cluster, running.port), cluster.data))
    if (lease) return { lease, port: running.port }

    const exitReason = launched?.exitReason() ?? null
    // Of several launched at once all but one fail, and their log may be overwritten before its reason is read.
    if (launched && exitReason === 'failed' && !findPostmaster(cluster.data)) {
      throw new Error(`The embedded PostgreSQL did not start:\n${launched.logTail()}`)
    }
    if (exitReason === 'port taken') port = await freePort('127.0.0.1')
    if (exitReason !== null) launched = null
    if (!running) launched ??= PostgresProcess.start(cluster, port, settings)
    await delay(POLL_INTERVAL)
  }
  const log = `${cluster.folder}/postgres.log`
  throw new Error(`The embedded PostgreSQL did not answer within ${START_TIMEOUT / 1000} s: see ${log}`)
}

async function leaveServer({ data }: Cluster, lease: ServerLease, logger: Logger): Promise<void> {
  if (await lease.isLastUser()) await stopPostmaster(data)
  else logger.info('embedded PostgreSQL left running: another process uses it')
  await lease.release()
}

function urlOf({ password }: Cluster, port: number): string {
  return `postgresql://${SUPERUSER}:${password}@127.0.0.1:${port}/postgres`
}
