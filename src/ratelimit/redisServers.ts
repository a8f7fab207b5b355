import type { Config } from '../config/config'

/** Where Redis is. */
export interface RedisServers {
  /** Its host is the server, a node of the cluster, or the name of the primary that the Sentinels watch. */
  url: string
  cluster?: boolean
  sentinels?: readonly { host: string; port: number }[]
  sentinelPassword?: string | null | undefined
}

/** Null: the configuration names none. */
export function redisServersOf(config: Config): RedisServers | null {
  const {
    redisUrl: url,
    redisCluster: cluster,
    redisSentinels: sentinels,
    redisSentinelPassword: sentinelPassword,
  } = config
  return url === null ? null : { url, cluster, sentinels, sentinelPassword }
}
