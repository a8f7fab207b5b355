import { types } from 'node:util'
import { Cluster, Redis } from 'ioredis'
import type { RedisServers } from './redisServers'

/** Milliseconds until PostgreSQL is used instead. Redis normally answers in less than one. */
const COMMAND_TIMEOUT = 500
/** Milliseconds without data after which a connection is closed, so that further calls do not wait at all. */
const SOCKET_TIMEOUT = 1_000
const CONNECT_TIMEOUT = 2_000
/** Milliseconds that closing waits for the server's FIN, which a server that hangs never sends. */
const DISCONNECT_TIMEOUT = 500
/** Milliseconds before the first attempt to reconnect, doubled for each further one up to MAX_RETRY. */
const FIRST_RETRY = 100
const MAX_RETRY = 5_000

/** Milliseconds before a command is sent again whose node is gone, or whose connection the client replaced as it learned of the nodes. */
const FAILOVER_RETRY = 100
/** A node that does not have the key names the one that has it, more than once while slots move. */
const MAX_REDIRECTIONS = 4

const FAIL_FAST = {
  enableOfflineQueue: false,
  maxRetriesPerRequest: 0, // also: no command is sent again on the next connection
  commandTimeout: COMMAND_TIMEOUT,
  socketTimeout: SOCKET_TIMEOUT,
  connectTimeout: CONNECT_TIMEOUT,
  disconnectTimeout: DISCONNECT_TIMEOUT,
}

/** One server, or the nodes of a cluster. */
export type RedisClient = Redis | Cluster

/**
 * A connection that fails immediately instead of queueing commands, and never resends one: a delayed command would count a
 * call that was decided long ago. The caller must listen to its `error` events and disconnect it. User, password and TLS of the
 * URL are those of all nodes. In a cluster a command may be sent again within COMMAND_TIMEOUT.
 */
export function connectRedis({ url, cluster = false, sentinels = [], sentinelPassword }: RedisServers): RedisClient {
  const retry = (attempt: number) => Math.min(FIRST_RETRY * 2 ** (attempt - 1), MAX_RETRY)
  if (sentinels.length > 0) return watchedPrimary({ url, sentinels, sentinelPassword }, retry)
  if (!cluster) return new Redis(url, { ...FAIL_FAST, retryStrategy: retry })
  const { host, port, secure, login } = partsOf(url)
  return new Cluster([{ host, port }], {
    enableOfflineQueue: false,
    clusterRetryStrategy: retry,
    retryDelayOnFailover: FAILOVER_RETRY,
    maxRedirections: MAX_REDIRECTIONS,
    redisOptions: { ...FAIL_FAST, ...login, ...(secure && { tls: { servername: host } }) },
  })
}

/** The primary that the Sentinels name; after a failover the one that they name then. TLS verifies the host that they name. */
function watchedPrimary({ url, sentinels, sentinelPassword }: RedisServers, retry: (attempt: number) => number): Redis {
  const { host: name, secure, login } = partsOf(url)
  return new Redis({
    ...FAIL_FAST,
    ...login,
    ...(secure && { tls: {}, enableTLSForSentinelMode: true, sentinelTLS: {} }),
    ...(sentinelPassword && { sentinelPassword }),
    name,
    sentinels: [...(sentinels ?? [])],
    db: Number(new URL(url).pathname.slice(1) || 0),
    sentinelCommandTimeout: COMMAND_TIMEOUT,
    sentinelRetryStrategy: retry,
    retryStrategy: retry,
  })
}

function partsOf(url: string) {
  const { protocol, hostname, port, username, password } = new URL(url)
  return {
    host: hostname.replace(/^\[|\]$/g, ''),
    port: Number(port || 6379),
    secure: protocol === 'rediss:',
    login: {
      ...(username !== '' && { username: decodeURIComponent(username) }),
      ...(password !== '' && { password: decodeURIComponent(password) }),
    },
  }
}

/** The error's code only, which is the first word of a reply: the rest may quote the command, which for AUTH is the password. */
export function redisProblem(error: unknown): string {
  if (!types.isNativeError(error)) return typeof error === 'string' ? error : 'unknown'
  if (error.message.startsWith('All sentinels are unreachable')) return 'no Sentinel names the primary'
  return 'code' in error ? String(error.code) : (/^[A-Z]{2,}\b/.exec(error.message)?.[0] ?? error.name)
}
