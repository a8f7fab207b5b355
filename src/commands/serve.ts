import { type App, type Role, startApp } from '../app'
import { type Config, readEnvironment, resolveConfig } from '../config/config'
import { allowHeapGrowth, startThreadPool } from '../config/runtime'
import { printBanner } from '../development'
import { onFreePort } from '../lib/freePort'
import { createLogger } from '../ops/logger'

/** Milliseconds beyond SHUTDOWN_DRAIN and SHUTDOWN_GRACE after which the process exits even if something still hangs. */
const LAST_RESORT = 5_000

/**
 * Runs until SIGTERM or SIGINT. As `web` it answers requests and leaves deliveries and periodic work to others; as `worker` it
 * answers health and metrics only. Resolves to the exit code: 0 if everything closed without an error.
 */
export async function serve(role: Role): Promise<number> {
  const env = readEnvironment()
  const { host, hashConcurrency, logLevel, production } = resolveConfig(env)
  startThreadPool({ hashConcurrency })
  const logger = createLogger({ level: logLevel, pretty: !production && process.stdout.isTTY })
  const stop = stopSignal(logger)

  const start = async (port: number) => {
    const config = resolveConfig({ ...env, PORT: port })
    return { config, app: await startApp({ config, logger, role }) }
  }
  const { config, app } = await (env.PORT === 0 ? onFreePort(host, start) : start(env.PORT))
  allowHeapGrowth()
  logger.info({ event: 'listening', address: app.address, publicUrl: config.publicUrl, role }, 'listening')
  if (!config.production && role !== 'worker') await printBannerOnceReady(app, config, stop)

  const code = await stop
  const lastResort = setTimeout(() => process.exit(1), config.shutdownDrain + config.shutdownGrace + LAST_RESORT)
  lastResort.unref()
  logger.info({ event: 'stopping' }, 'stopping')
  try {
    if (code === 0) await drain(app)
    await app.close()
  } catch (error) {
    logger.error({ event: 'stopped_badly', err: error }, 'stopped_badly')
    return 1
  }
  logger.info({ event: 'stopped' }, 'stopped')
  return code
}

/** The banner says that the server is ready: whoever waits for it may send a request at once. */
async function printBannerOnceReady(app: App, config: Config, stop: Promise<number>): Promise<void> {
  const stopped = await Promise.race([app.passwordsChecked.then(() => false), stop.then(() => true)])
  if (!stopped) await printBanner(config)
}

/** Waits SHUTDOWN_DRAIN; a second signal ends the wait. */
async function drain(app: App): Promise<void> {
  for (const signal of ['SIGTERM', 'SIGINT'] as const)
    process.once(signal, () => void app.close().catch(() => undefined))
  await app.drain()
}

/** Resolves to the exit code when the process must stop: 0 after a signal, 1 after an uncaught error. */
function stopSignal(logger: ReturnType<typeof createLogger>): Promise<number> {
  return new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => resolve(0))
    const stopAfter = (event: string) => (error: unknown) => {
      logger.fatal({ event, err: error }, event)
      resolve(1)
    }
    process.on('uncaughtException', stopAfter('uncaught_exception'))
    process.on('unhandledRejection', stopAfter('unhandled_rejection'))
  })
}
