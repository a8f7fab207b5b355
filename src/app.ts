import { Server as TlsServer } from 'node:https'
import type { FastifyInstance } from 'fastify'
import { type Background, startBackground } from './background'
import type { Config } from './config/config'
import { readJsonSchemas } from './config/jsonSchemas'
import { createDeps } from './createDeps'
import { type PasswordWarmUp, startPasswordWarmUp } from './passwords/passwordWarmUp'
import type { StrengthEstimator } from './passwords/strengthEstimator'
import { developmentSecret, openInbox, startDevelopmentDatabase } from './development'
import { addressOf } from './http/address'
import { apiServer } from './http/apiServer'
import { reloadCertificate } from './http/tls'
import { workerServer } from './http/workerServer'
import { type Clock, systemClock } from './lib/clock'
import { sleep } from './lib/sleep'
import { Closers } from './lib/closers'
import { readMailContent } from './mail/readMailContent'
import type { Logger } from './ops/logger'
import { createReadiness } from './ops/readiness'
import { startTracing } from './ops/startTracing'
import type { Deps } from './services/deps'
import { warnOfRpIdAddress } from './services/passkeyRpId'
import { readDatabaseUrl } from './store/connection'
import { createInspector } from './store/inspection'
import { applyMigrations, pendingMigrations } from './store/migrations'

/** A running server. */
export interface App {
  /** Where it listens, as in `http://127.0.0.1:4000`. */
  address: string
  /** Where the operator API listens if it has a port of its own. */
  operatorAddress: string | null
  server: FastifyInstance
  deps: Deps
  /** Resolves once passwords can be checked and hashed. Until then the server listens, but is not ready. */
  passwordsChecked: Promise<void>
  /**
   * Reports not ready for SHUTDOWN_DRAIN while requests are still answered, so that load balancers stop sending requests
   * before the server closes. `close` ends the wait early.
   */
  drain: () => Promise<void>
  /** Waits SHUTDOWN_GRACE at most for requests and mails in flight, then closes everything, last opened first. Safe to call twice. */
  close: () => Promise<void>
}

export type Role = 'both' | 'web' | 'worker'

interface AppOptions {
  config: Config
  logger: Logger
  /** Tests set their own. */
  clock?: Clock
  /** Tests share one among their servers, since its dictionaries take a third of a second to load; it is not closed then. */
  strength?: StrengthEstimator
  /** What the process is for: `web` answers requests, `worker` delivers, purges and rotates keys. Default: both. */
  role?: Role
  /** Whether expired rows are purged and keys rotated: tests that count statements do without. */
  periodic?: boolean
}

/** Builds the server from its configuration and starts it. If a part fails, those opened before it are closed. */
export async function startApp(options: AppOptions): Promise<App> {
  const closers = new Closers()
  try {
    return await compose(options, closers)
  } catch (error) {
    await closers.close().catch(() => undefined) // the first error is the one to report
    throw error
  }
}

async function compose(
  { config, logger, clock = systemClock, strength, role = 'both', periodic = true }: AppOptions,
  closers: Closers,
): Promise<App> {
  const [schemas, mailContent] = await Promise.all([readJsonSchemas(config), readMailContent(config)])
  const { databaseUrl, directUrl } = await migratedDatabase(config, logger, closers)
  const secret = config.secret ?? (await developmentSecret(config))
  const { deps, listener, hashQueue } = createDeps(
    { config, logger, clock, strength },
    { databaseUrl, directUrl, secret, schemas, closers },
  )
  closers.push(await startTracing(config, deps.metrics))
  if (role !== 'worker') warnOfRpIdAddress(deps)
  const inbox = config.smtpUrl === null ? await openInbox(config) : null
  const background = await startBackground(deps, { inbox, mailContent, listener, hashQueue, periodic })
  closers.push(() => background.stop())

  let warmUp: PasswordWarmUp | null = null
  const readiness = readinessOf(deps, {
    ...{ databaseUrl, hasDirectUrl: directUrl !== databaseUrl },
    keys: background.keysProblem,
    passwordsChecked: () => warmUp?.isDone() === true,
  })
  const isStopping = () => readiness.isStopping()
  const server = await (role === 'worker' ? workerServer : apiServer)({
    ...{ deps, inbox, isStopping, readiness: readiness.check, refreshMetrics: background.refreshMetrics },
  })
  closers.push(() => stopServing(server, background, config.shutdownGrace))
  const drained = new AbortController()
  closers.push(() => {
    readiness.stop()
    drained.abort()
  })
  await server.listen({ host: config.host, port: config.port })
  if (role !== 'web') await background.beginDeliveries()
  // Only now: the first answers need no password, and the dictionaries take the second core for a third of a second.
  warmUp = role === 'worker' ? NO_WARM_UP : startPasswordWarmUp(deps)
  closers.push(warmUp.stop)
  const operators = role === 'worker' ? null : await operatorServer({ deps, isStopping })
  closers.push(() => operators?.close())
  if (config.tls && server.server instanceof TlsServer)
    closers.push(reloadCertificate(server.server, config.tls, logger))
  return {
    ...{ address: addressOf(server, config), server, deps, passwordsChecked: warmUp.finished },
    operatorAddress: operators && addressOf(operators, config),
    drain: () => {
      readiness.stop()
      return sleep(config.shutdownDrain, drained.signal)
    },
    close: () => closers.close(),
  }
}

/** The configured database, or the embedded one; migrated if the configuration says so. */
async function migratedDatabase(config: Config, logger: Logger, closers: Closers) {
  const databaseUrl = config.databaseUrl ?? (await embeddedDatabase(config, logger, closers))
  readDatabaseUrl(databaseUrl) // a mistake is reported by the variable that has it
  const directUrl = (config.databaseUrl && config.directDatabaseUrl) ?? databaseUrl
  if (config.migrateOnStart) await applyMigrations(directUrl, logger)
  return { databaseUrl, directUrl }
}

async function embeddedDatabase(config: Config, logger: Logger, closers: Closers): Promise<string> {
  const postgres = await startDevelopmentDatabase(config, logger)
  closers.push(() => postgres.stop())
  return postgres.url
}

/** Its schema is loaded where somebody asks for it only. */
async function operatorServer(parts: { deps: Deps; isStopping: () => boolean }) {
  const { operatorApi, operatorPort: port } = parts.deps.config
  if (!operatorApi || port === null) return null
  return (await import('./http/operatorServer')).startOperatorServer(parts, port)
}

interface ReadinessOf {
  databaseUrl: string
  hasDirectUrl: boolean
  keys: () => string | null
  passwordsChecked: () => boolean
}

function readinessOf({ database: { pool }, logger }: Deps, parts: ReadinessOf) {
  const { databaseUrl, hasDirectUrl, ...others } = parts
  const inspector = createInspector({ pool, target: readDatabaseUrl(databaseUrl), hasDirectUrl })
  let logged: string | null = null
  const database = async () => {
    const reason = await inspector.check()
    if (reason !== null && reason !== logged) {
      logger.warn({ event: 'database_unusable', reason }, 'The database cannot be used as it is')
    }
    logged = reason
    return reason
  }
  const readiness = createReadiness({ database, pending: () => pendingMigrations(pool), ...others })
  void readiness.check() // logs what the database lacks, before anybody asks
  return readiness
}

/** A worker checks no passwords. */
const NO_WARM_UP = { finished: Promise.resolve(), isDone: () => true, stop: () => Promise.resolve() }

/** Takes no new connections and leases no more mails. Requests and mails in flight share one grace period, then connections are closed. */
async function stopServing(server: FastifyInstance, background: Background, grace: number): Promise<void> {
  const cut = setTimeout(() => server.server.closeAllConnections(), grace)
  await Promise.all([server.close(), background.stop()])
  clearTimeout(cut)
}
