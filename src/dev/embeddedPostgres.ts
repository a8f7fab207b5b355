import { setTimeout as delay } from 'node:timers/promises'
import type { Logger } from '../ops/logger'
import { type Cluster, SUPERUSER, openCluster } from './postgresCluster'
import { Launch, freePort } from './postgresLaunch'
import { replacePointer } from './postgresPointer'
import { findPostmaster } from './postgresProcess'
import { Seat } from './postgresSeat'

interface Options {
  /** Wiping it gives an empty database; each dataDir has its own. */
  dataDir: string
  logger: Logger
  /** Further settings of PostgreSQL, such as max_connections. */
  settings?: Record<string, string>
}

export interface EmbeddedPostgres {
  url: string
  /** Stops the server, unless another process still uses it: the last one to leave does. */
  stop(): Promise<void>
}

/** Milliseconds: recovery after a crash replays what the last five minutes wrote at most. */
const START_TIMEOUT = 60_000
/** Milliseconds between two looks at a server that starts or stops. */
const LOOK_INTERVAL = 25

/**
 * The PostgreSQL that comes with the project, for development and tests: on the loopback interface only, with a generated
 * password. A server that a killed process left running is adopted; several processes on one dataDir share one server.
 * Throws when this platform has no binaries, the database cannot be made, or the server does not start.
 */
export async function startEmbeddedPostgres({ dataDir, logger, settings = {} }: Options): Promise<EmbeddedPostgres> {
  const cluster = await openCluster(dataDir)
  const { seat, port } = await reachServer(cluster, settings)
  const { home, password } = cluster
  if (port !== cluster.port) replacePointer(cluster.dataDir, { home, password, port })
  logger.info({ port, files: home }, 'embedded PostgreSQL ready')

  let stopping: Promise<void> | null = null
  return { url: urlOf(cluster, port), stop: () => (stopping ??= seat.leave(cluster.data, logger)) }
}

/** Adopts the server that runs, or launches one, and waits until it answers. */
async function reachServer(cluster: Cluster, settings: Record<string, string>): Promise<{ seat: Seat; port: number }> {
  let port = cluster.port || (await freePort())
  let launch: Launch | null = null
  const deadline = Date.now() + START_TIMEOUT
  while (Date.now() < deadline) {
    const running = findPostmaster(cluster.data)
    const seat = running && (await Seat.take(urlOf(cluster, running.port), cluster.data))
    if (seat) return { seat, port: running.port }

    const ending = launch?.ending() ?? null
    if (launch && ending === 'failed') throw new Error(`The embedded PostgreSQL did not start:\n${launch.lastWords()}`)
    if (ending === 'port taken') port = await freePort()
    if (ending !== null) launch = null
    if (!running) launch ??= Launch.start(cluster, port, settings)
    await delay(LOOK_INTERVAL)
  }
  throw new Error(
    `The embedded PostgreSQL did not answer within ${START_TIMEOUT / 1000} s: see ${cluster.home}/postgres.log`,
  )
}

function urlOf({ password }: Cluster, port: number): string {
  return `postgresql://${SUPERUSER}:${password}@127.0.0.1:${port}/postgres`
}
