import { readEnvironment, resolveConfig } from '../config/config'
import { maskServerUrl } from '../config/masking'

/** Keys of the resolved configuration that hold a secret, whole or in part. */
const MASKED = new Set([
  'secret',
  'secretPrevious',
  'metricsToken',
  'databaseUrl',
  'directDatabaseUrl',
  'redisUrl',
  'redisSentinelPassword',
  'smtpUrl',
  'webhookUrl',
  'webhookSecret',
  'otlpHeaders',
])

/** Prints the resolved configuration as JSON; durations in milliseconds, secrets masked. */
export function printConfig(): Promise<number> {
  const config = resolveConfig(readEnvironment())
  const mask = (key: string, value: unknown) =>
    MASKED.has(key) && typeof value === 'string' ? maskServerUrl(value) : value
  console.log(JSON.stringify(config, mask, 2))
  return Promise.resolve(0)
}
