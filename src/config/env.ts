import { z } from 'zod'
import {
  audiences,
  bearerToken,
  choice,
  clientId,
  databaseUrl,
  durationWithin,
  flag,
  greetingName,
  integer,
  lifetime,
  listenHost,
  origins,
  path,
  plainUrl,
  publicUrl,
  secret,
  securityContact,
  serverUrl,
  timerDuration,
  toggle,
  trustedProxies,
  within,
} from './accepted'
import { appUrl, logoUrl, mailedCodeLink, mailedLink, redirectUrls, supportUrl } from './acceptedLinks'
import { redisVariables } from './acceptedRedis'
import { webhookEvents, webhookHosts, webhookSecret } from './acceptedWebhooks'
import { otlpHeaders, ratio } from './acceptedTracing'
import { androidApps, appleAppIds, domain, passkeyOrigins } from './acceptedPasskeys'
import { BUDGET_VARIABLES, type BudgetKey, type BudgetVariable, acceptedBudgets, parseBudgets } from './budgets'
import { AUDIT, LIFETIME, MAILED_CODE } from './defaults'
import { contrastWithWhite } from './values'

const mailbox = (example: string) =>
  z.string().regex(/^[^\r\n<>]*<[^\s<>@]+@[^\s<>@]+>$|^[^\s<>@]+@[^\s<>@]+$/, `an address, as in ${example}`)

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

/**
 * Each variable of the environment with what it accepts: docs/reference/environment.md is checked against this list. Defaults
 * that depend on other variables are resolved in config.ts.
 */
export const environment = z.object({
  NODE_ENV: choice('development', 'production', 'test').default('development'),
  HOST: listenHost.optional(),
  PORT: integer(0, 65_535).default(4000),
  PUBLIC_URL: publicUrl.optional(),
  DATABASE_URL: databaseUrl.optional(),
  DIRECT_DATABASE_URL: databaseUrl.optional(),
  DATA_DIR: path('a folder').default('.data'),
  DATABASE_POOL: integer(2, 200).default(10),
  MIGRATE_ON_START: flag.optional(),
  ...redisVariables,
  SMTP_URL: serverUrl(
    'an smtp:// or smtps:// URL, as in smtps://user:password@mail.example.com',
    'smtp:',
    'smtps:',
  ).optional(),
  SMTP_NAME: greetingName.optional(),
  MAIL_FROM: mailbox('Name <no-reply@example.com>').optional(),
  REPLY_TO: mailbox('support@example.com').optional(),
  APP_NAME: z
    .string()
    .regex(/^[^\p{Cc}<>]{1,60}$/u, '1 to 60 characters without < > or control characters')
    .default('Gatehouse'),
  MAIL_TEMPLATES_DIR: path('a folder').optional(),
  VERIFY_EMAIL_URL: mailedLink.optional(),
  RESET_PASSWORD_URL: mailedLink.optional(),
  CONFIRM_EMAIL_CHANGE_URL: mailedLink.optional(),
  UNDO_EMAIL_CHANGE_URL: mailedLink.optional(),
  REJECT_LOGIN_URL: mailedLink.optional(),
  REDIRECT_URLS: redirectUrls.optional(),
  HOSTED_PAGES: toggle.default(true),
  SECURITY_CONTACT: securityContact.optional(),
  LOGIN_CODE: toggle.default(false),
  SIGN_UP_BY_CODE: toggle.default(false),
  LOGIN_CODE_URL: mailedCodeLink.optional(),
  LOGIN_CODE_TTL: durationWithin(1_000, MAILED_CODE.longestLife, '10m'),
  LOGIN_CODE_IN_SUBJECT: toggle.default(false),
  PASSKEY_RP_ID: domain.optional(),
  PASSKEY_ORIGINS: passkeyOrigins.optional(),
  APPLE_APP_IDS: appleAppIds.optional(),
  ANDROID_APPS: androidApps.optional(),
  APP_URL: appUrl.optional(),
  BRAND_COLOR: z
    .string()
    .regex(/^#[0-9a-f]{6}$/i, 'a colour such as #1f4fd8')
    .refine((colour) => contrastWithWhite(colour) >= 4.5, 'a colour dark enough for white text (contrast 4.5 or more)')
    .default('#1f4fd8'),
  BRAND_LOGO_URL: logoUrl.optional(),
  SUPPORT_URL: supportUrl.optional(),
  TLS_CERT_FILE: path('a PEM file').optional(),
  TLS_KEY_FILE: path('a PEM file').optional(),
  CLAIMS_SCHEMA_FILE: path('a JSON Schema').optional(),
  PROFILE_SCHEMA_FILE: path('a JSON Schema').optional(),
  CORS_ORIGINS: origins.optional(),
  TRUST_PROXY: trustedProxies.default(false),
  SECRET: secret.optional(),
  SECRET_PREVIOUS: secret.optional(),
  ACCESS_TOKEN_TTL: lifetime('24h'),
  ACCESS_TOKEN_AUDIENCE: audiences.optional(),
  ACCESS_TOKEN_CLIENT_ID: clientId.optional(),
  TOKEN_CLAIMS: choice('namespace', 'hasura', 'postgrest').default('namespace'),
  TOKEN_CLAIMS_NAMESPACE: plainUrl(
    'an http: or https: URL, as in https://example.com/claims',
    'http:',
    'https:',
  ).optional(),
  REFRESH_TOKEN_TTL: lifetime('30d'),
  SESSION_MAX_AGE: lifetime('365d'),
  REFRESH_GRACE: durationWithin(0, 300_000, '10s'),
  VERIFY_TOKEN_TTL: lifetime('24h'),
  RESET_TOKEN_TTL: lifetime('1h'),
  SIGNING_KEY_ROTATION: lifetime('30d'),
  /** A year and a month: an audit of the past year still finds its first days. */
  AUDIT_RETENTION: durationWithin(AUDIT.shortestRetention, LIFETIME.longest, '400d'),
  PASSWORD_ALGORITHM: choice('bcrypt', 'argon2id').default('bcrypt'),
  BCRYPT_COST: integer(10, 16).default(12),
  HASH_CONCURRENCY: integer(1, 256).optional(),
  HASH_MAX_WAIT: timerDuration('5s'),
  PASSWORD_MIN_LENGTH: integer(1, 128).default(8),
  PASSWORD_MIN_SCORE: integer(0, 4).default(3),
  BREACH_CHECK_URL: plainUrl('an http: or https: URL', 'http:', 'https:').optional(),
  RATE_LIMITS: toggle.default(true),
  ...budgetVariables,
  DEV_TOOLS: toggle.optional(),
  SANDBOX: toggle.optional(),
  OPERATOR_API: toggle.default(false),
  OPERATOR_PORT: integer(0, 65_535).optional(),
  METRICS_TOKEN: bearerToken.optional(),
  OTEL_EXPORTER_OTLP_ENDPOINT: plainUrl(
    'an http: or https: URL, as in http://localhost:4318',
    'http:',
    'https:',
  ).optional(),
  OTEL_EXPORTER_OTLP_HEADERS: otlpHeaders.optional(),
  OTEL_SERVICE_NAME: z.string().max(100, '100 characters at most').default('gatehouse'),
  OTEL_TRACES_SAMPLER_ARG: ratio.optional(),
  LOG_LEVEL: choice('fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent').default('info'),
  WEBHOOK_URL: plainUrl('an https: URL', 'https:', 'http:').optional(),
  WEBHOOK_SECRET: webhookSecret.optional(),
  WEBHOOK_EVENTS: webhookEvents.optional(),
  WEBHOOK_PRIVATE_HOSTS: webhookHosts.optional(),
  SHUTDOWN_DRAIN: z.string().transform(within(0, 600_000)).optional(),
  SHUTDOWN_GRACE: timerDuration('10s'),
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
  'REDIS_SENTINEL_PASSWORD',
  'SMTP_URL',
  'WEBHOOK_URL',
  'WEBHOOK_SECRET',
  'OTEL_EXPORTER_OTLP_HEADERS',
])
