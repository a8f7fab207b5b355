import { z } from 'zod'
import { BUDGET_VARIABLES, type BudgetKey, type BudgetVariable, acceptedBudgets, parseBudgets } from './budgets'
import { contrastWithWhite, isLoopback, originOf } from './values'
import { formatDuration, parseDuration } from '../lib/duration'

/**
 * Each variable of the environment with what it accepts: the README's table is checked against this list. Defaults
 * that depend on other variables are resolved in config.ts.
 */
const duration = (fallback: string) =>
  z
    .string()
    .default(fallback)
    .transform((text, context) => {
      const milliseconds = parseDuration(text)
      if (milliseconds === null) context.addIssue('a duration such as 30s, 15m, 24h or 30d')
      return milliseconds ?? z.NEVER
    })

/** A duration of so many milliseconds at least and at most; zero may be written `0s`. */
const within = (minimum: number, maximum: number) => (text: string, context: z.RefinementCtx) => {
  const milliseconds = text === '0s' ? 0 : parseDuration(text)
  if (milliseconds !== null && milliseconds >= minimum && milliseconds <= maximum) return milliseconds
  context.addIssue(`a duration from ${formatDuration(minimum)} to ${formatDuration(maximum)}`)
  return z.NEVER
}

const durationWithin = (minimum: number, maximum: number, fallback: string) =>
  z.string().default(fallback).transform(within(minimum, maximum))

const integer = (minimum: number, maximum: number) =>
  z
    .string()
    .regex(/^\d{1,9}$/, `a whole number from ${minimum} to ${maximum}`)
    .transform(Number)
    .refine((value) => value >= minimum && value <= maximum, `a whole number from ${minimum} to ${maximum}`)

const choice = <const T extends readonly [string, ...string[]]>(...values: T) =>
  z.enum(values, { error: `one of ${values.join(', ')}` })

const flag = choice('true', 'false').transform((value) => value === 'true')
const toggle = choice('on', 'off').transform((value) => value === 'on')

const url = (accepted: string, ...protocols: string[]) =>
  z.string().refine((text) => URL.canParse(text) && protocols.includes(new URL(text).protocol), accepted)

const mailedLink = z
  .string()
  .refine(
    (text) => text.includes('{token}') && URL.canParse(text.replace('{token}', 'x')),
    'a URL that contains {token}',
  )
  .refine(
    (text) => !/\s|^(javascript|data|vbscript|file|blob|about):/i.test(text),
    'a URL that a mail program opens safely',
  )

const list = z.string().transform((text) =>
  text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== ''),
)

const origins = list.refine(
  (items) => items.every((item) => originOf(item) === item),
  'comma-separated origins, as in https://app.example.com',
)

/** What RFC 5321 §4.1.1.1 lets a client greet with: a domain, or an address in brackets. */
const greetingName = z
  .string()
  .max(255, 'a host name, as in auth.example.com')
  .regex(
    /^(?:[a-z\d](?:[a-z\d-]*[a-z\d])?(?:\.[a-z\d](?:[a-z\d-]*[a-z\d])?)*|\[(?:\d{1,3}(?:\.\d{1,3}){3}|IPv6:[\da-f:.]+)\])$/i,
    'a host name, as in auth.example.com',
  )

const secret = z
  .string()
  .refine((text) => Buffer.byteLength(text) >= 32, '32 bytes or more, as `openssl rand -base64 32` prints')

const budgets = (keys: readonly BudgetKey[]) =>
  z
    .string()
    .transform((text, context) => {
      const parsed = parseBudgets(text, keys)
      if (parsed === null) context.addIssue(acceptedBudgets(keys))
      return parsed ?? z.NEVER
    })
    .optional()

const budgetVariables = Object.fromEntries(
  Object.entries(BUDGET_VARIABLES).map(([name, { keys }]) => [name, budgets(keys)]),
) as Record<BudgetVariable, ReturnType<typeof budgets>>

export const environment = z.object({
  NODE_ENV: choice('development', 'production', 'test').default('development'),
  HOST: z.string().min(1, 'an address to listen on').optional(),
  PORT: integer(0, 65_535).default(4000),
  PUBLIC_URL: url('an http: or https: origin, as in https://auth.example.com', 'http:', 'https:')
    .refine((text) => originOf(text) === text.replace(/\/$/, ''), 'an origin without a path')
    .transform((text) => text.replace(/\/$/, ''))
    .optional(),
  DATABASE_URL: url('a postgresql:// URL', 'postgresql:', 'postgres:').optional(),
  DIRECT_DATABASE_URL: url('a postgresql:// URL', 'postgresql:', 'postgres:').optional(),
  DATA_DIR: z.string().min(1, 'a folder').default('.data'),
  DATABASE_POOL: integer(2, 200).default(10),
  MIGRATE_ON_START: flag.optional(),
  REDIS_URL: url('a redis:// or rediss:// URL', 'redis:', 'rediss:').optional(),
  SMTP_URL: url('an smtp:// or smtps:// URL', 'smtp:', 'smtps:').optional(),
  SMTP_NAME: greetingName.optional(),
  MAIL_FROM: z
    .string()
    .regex(/^[^\r\n<>]*<[^\s<>@]+@[^\s<>@]+>$|^[^\s<>@]+@[^\s<>@]+$/, 'an address, as in Name <no-reply@example.com>')
    .optional(),
  APP_NAME: z
    .string()
    .regex(/^[^\p{Cc}<>]{1,60}$/u, '1 to 60 characters without < > or control characters')
    .default('Gatehouse'),
  VERIFY_EMAIL_URL: mailedLink.optional(),
  RESET_PASSWORD_URL: mailedLink.optional(),
  CONFIRM_EMAIL_CHANGE_URL: mailedLink.optional(),
  APP_URL: z
    .string()
    .refine((text) => URL.canParse(text) && !/^(javascript|data|vbscript):/i.test(text.trim()), 'a URL')
    .optional(),
  BRAND_COLOR: z
    .string()
    .regex(/^#[0-9a-f]{6}$/i, 'a colour such as #1f4fd8')
    .refine((colour) => contrastWithWhite(colour) >= 4.5, 'a colour dark enough for white text (contrast 4.5 or more)')
    .default('#1f4fd8'),
  TLS_CERT_FILE: z.string().min(1, 'a PEM file').optional(),
  TLS_KEY_FILE: z.string().min(1, 'a PEM file').optional(),
  CORS_ORIGINS: origins.optional(),
  TRUST_PROXY: z.string().default('false'),
  SECRET: secret.optional(),
  SECRET_PREVIOUS: secret.optional(),
  ACCESS_TOKEN_TTL: duration('24h'),
  REFRESH_TOKEN_TTL: duration('30d'),
  SESSION_MAX_AGE: duration('365d'),
  REFRESH_GRACE: durationWithin(0, 300_000, '10s'),
  VERIFY_TOKEN_TTL: duration('24h'),
  RESET_TOKEN_TTL: duration('1h'),
  SIGNING_KEY_ROTATION: duration('30d'),
  PASSWORD_ALGORITHM: choice('bcrypt', 'argon2id').default('bcrypt'),
  BCRYPT_COST: integer(10, 16).default(12),
  HASH_CONCURRENCY: integer(1, 256).optional(),
  HASH_MAX_WAIT: duration('5s'),
  PASSWORD_MIN_LENGTH: integer(1, 128).default(8),
  PASSWORD_MIN_SCORE: integer(0, 4).default(3),
  BREACH_CHECK_URL: url('an http: or https: URL', 'http:', 'https:').optional(),
  RATE_LIMITS: toggle.default(true),
  ...budgetVariables,
  SANDBOX: toggle.optional(),
  METRICS_TOKEN: z.string().min(16, '16 characters or more').optional(),
  LOG_LEVEL: choice('fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent').default('info'),
  SHUTDOWN_DRAIN: z.string().transform(within(0, 600_000)).optional(),
  SHUTDOWN_GRACE: duration('10s'),
})

export type Environment = z.infer<typeof environment>
export type Variable = keyof Environment

/** Variables whose values are never printed, in an error message or by `gatehouse config`. */
export const SECRET_VARIABLES: ReadonlySet<string> = new Set<Variable>([
  'SECRET',
  'SECRET_PREVIOUS',
  'METRICS_TOKEN',
  'DATABASE_URL',
  'DIRECT_DATABASE_URL',
  'REDIS_URL',
  'SMTP_URL',
])

/** Rules of production, each a problem of its own. */
export function productionProblems(env: Partial<Environment>): [Variable, string][] {
  const problems: [Variable, string][] = []
  if (!env.PUBLIC_URL?.startsWith('https:')) problems.push(['PUBLIC_URL', 'required in production, an https: origin'])
  if (!env.DATABASE_URL) problems.push(['DATABASE_URL', 'required in production'])
  if (!env.SMTP_URL) problems.push(['SMTP_URL', 'required in production'])
  if (!env.SECRET) problems.push(['SECRET', 'required in production, 32 bytes or more'])
  if (env.RATE_LIMITS === false) problems.push(['RATE_LIMITS', 'off is refused in production'])
  if (env.TRUST_PROXY === 'true')
    problems.push(['TRUST_PROXY', 'the addresses of your proxies in production; true believes anyone'])
  if ((env.BCRYPT_COST ?? 12) < 12) problems.push(['BCRYPT_COST', '12 or more in production'])
  if (env.BREACH_CHECK_URL?.startsWith('http:') && !isLoopback(new URL(env.BREACH_CHECK_URL).hostname)) {
    problems.push(['BREACH_CHECK_URL', 'https: in production'])
  }
  return problems
}
