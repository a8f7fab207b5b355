import { z } from 'zod'
import { choice, entriesOf, refuse, serverUrl, toggle } from './accepted'

const redisUrl = serverUrl('a redis:// or rediss:// URL', 'redis:', 'rediss:').refine(
  (text) => !URL.canParse(text) || /^\/?\d*$/.test(new URL(text).pathname),
  'a redis:// or rediss:// URL whose path is empty or the number of a database',
)

const ADDRESSES = 'addresses with ports, separated by commas, as in sentinel-1:26379,sentinel-2:26379'

const sentinels = z.string().transform((text, context) =>
  entriesOf(text).map((entry) => {
    const { hostname = '', port = '' } =
      /^(?<hostname>[\w.-]+|\[[\da-f:.]+\])(?::(?<port>\d{1,5}))?$/i.exec(entry)?.groups ?? {}
    const number = Number(port || 26_379)
    if (hostname === '' || number < 1 || number > 65_535) return refuse(context, ADDRESSES, entry)
    return { host: hostname.replace(/^\[|\]$/g, ''), port: number }
  }),
)

export const redisVariables = {
  REDIS_URL: redisUrl.optional(),
  REDIS_CLUSTER: toggle.default(false),
  REDIS_SENTINELS: sentinels.optional(),
  REDIS_SENTINEL_PASSWORD: z.string().optional(),
  REDIS_TLS: choice('required', 'off').default('required'),
}

type RedisEnvironment = z.infer<z.ZodObject<typeof redisVariables>>

export function redisSettings(env: RedisEnvironment) {
  return {
    redisUrl: env.REDIS_URL ?? null,
    redisCluster: env.REDIS_CLUSTER,
    redisSentinels: env.REDIS_SENTINELS ?? [],
    redisSentinelPassword: env.REDIS_SENTINEL_PASSWORD ?? null,
  }
}
