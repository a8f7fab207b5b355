import { availableParallelism } from 'node:os'
import { resolve } from 'node:path'
import { z } from 'zod'
import { redisSettings } from './acceptedRedis'
import { BUDGET_VARIABLES, replacedBudgets, unknownBudgetVariables } from './budgets'
import { DATABASE, type DatabaseTimeouts, RATE_LIMIT } from './defaults'
import { type Environment, type Variable, environment } from './env'
import { shownValue } from './masking'
import { processEnvironment } from './processEnvironment'
import { mailedCodes, mails } from './mails'
import { type Problem, addressesOf, hasDevTools, problemsAcross, webhookPrivateHosts } from './rules'
import { ANY_LOCALHOST_ORIGIN } from './values'

/** Every problem of the environment; the process ends with exit code 78 (EX_CONFIG). */
export class ConfigError extends Error {
  constructor(readonly problems: readonly string[]) {
    super(['The configuration cannot be served:', ...problems.map((problem) => `  ${problem}`)].join('\n'))
  }
}

/** The server's configuration: the environment with the defaults that depend on other variables filled in. Durations in milliseconds. */
export type Config = ReturnType<typeof resolveConfig>

const VARIABLES = Object.keys(environment.shape) as Variable[]

/**
 * Reads the environment once. Throws a ConfigError that names each wrong variable, what was found and what is accepted.
 * A command that uses only some variables names them in `uses`: those it does not use may be wrong or missing.
 */
export function readEnvironment(
  source: NodeJS.ProcessEnv = processEnvironment(),
  uses?: readonly string[],
): Environment {
  // An empty value counts as unset: compose files and shells pass omitted variables as empty ones.
  const given = Object.fromEntries(Object.entries(source).filter(([, value]) => value !== ''))
  const problems = problemsOf(given)
  const relevant = problems.filter(({ variable }) => uses === undefined || uses.includes(variable))
  if (relevant.length > 0) throw new ConfigError(relevant.map((problem) => sentence(problem, given)))
  const wrong = new Set<string>(problems.map(({ variable }) => variable))
  return environment.parse(Object.fromEntries(Object.entries(given).filter(([name]) => !wrong.has(name))))
}

/** All problems at once: of single variables, and of valid values that conflict. */
function problemsOf(given: NodeJS.ProcessEnv): Problem[] {
  const problems: Problem[] = unknownProblems(given)
  const readable: Record<string, unknown> = {}
  for (const variable of VARIABLES) {
    const read = environment.shape[variable].safeParse(given[variable])
    if (isQuoted(given[variable])) problems.push({ variable, accepted: 'the value without the quotes around it' })
    else if (read.success) readable[variable] = read.data
    else problems.push(problemOf(variable, read.error.issues[0]))
  }
  const reported = new Set(problems.map(({ variable }) => variable))
  return [...problems, ...problemsAcross(readable).filter(({ variable }) => !reported.has(variable))]
}

/** Some programs that read .env files keep the quotes that a shell would remove. */
function isQuoted(value: string | undefined): boolean {
  return /^(["']).*\1$/s.test(value ?? '')
}

function problemOf(variable: Variable, issue: z.core.$ZodIssue | undefined): Problem {
  const accepted = issue?.message ?? 'another value'
  const found: unknown = issue?.code === 'custom' ? issue.params?.found : undefined
  return typeof found === 'string' ? { variable, accepted, found } : { variable, accepted }
}

function sentence({ variable, accepted, found }: Problem, given: NodeJS.ProcessEnv): string {
  return `${variable}: found ${shownValue(variable, found ?? given[variable])}; accepted: ${accepted}`
}

/** Rejects misspelt RATE_LIMIT_ names: if they were ignored, the default would silently stay in force. */
function unknownProblems(given: NodeJS.ProcessEnv): Problem[] {
  const accepted = Object.keys(BUDGET_VARIABLES).join(', ')
  return unknownBudgetVariables(Object.keys(given)).map((variable) => ({ variable, accepted: `one of ${accepted}` }))
}

/** Fills in the defaults that depend on other variables. A PORT of 0 must have been replaced by the port that was picked. */
export function resolveConfig(env: Environment) {
  const production = env.NODE_ENV === 'production'
  const { host, publicUrl } = addressesOf(env)
  const devTools = hasDevTools(env)
  return {
    production,
    devTools,
    host,
    port: env.PORT,
    publicUrl,
    secureCookies: publicUrl.startsWith('https:'),
    databaseUrl: env.DATABASE_URL ?? null,
    directDatabaseUrl: env.DIRECT_DATABASE_URL ?? env.DATABASE_URL ?? null,
    databasePool: env.DATABASE_POOL,
    databaseTimeouts: DATABASE as DatabaseTimeouts,
    dataDir: resolve(env.DATA_DIR),
    migrateOnStart: env.MIGRATE_ON_START ?? !production,
    ...redisSettings(env),
    ...mails(env, publicUrl),
    ...pages(env),
    links: linksOf(env, publicUrl),
    ...mailedCodes(env, publicUrl),
    ...passkeys(env, { publicUrl, devTools }),
    tls: env.TLS_CERT_FILE && env.TLS_KEY_FILE ? { certFile: env.TLS_CERT_FILE, keyFile: env.TLS_KEY_FILE } : null,
    corsOrigins: env.CORS_ORIGINS ?? (devTools ? null : []), // null: localhost on any port and Apollo Sandbox
    trustProxy: env.TRUST_PROXY,
    secret: env.SECRET ?? null, // null: generated into dataDir
    secretPrevious: env.SECRET_PREVIOUS ?? null,
    ...lifetimes(env),
    ...grants(env, publicUrl),
    passwordAlgorithm: env.PASSWORD_ALGORITHM,
    bcryptCost: env.BCRYPT_COST,
    hashConcurrency: env.HASH_CONCURRENCY ?? availableParallelism(),
    hashMaxWait: env.HASH_MAX_WAIT,
    passwordMinLength: env.PASSWORD_MIN_LENGTH,
    passwordMinScore: env.PASSWORD_MIN_SCORE,
    breachCheckUrl: env.BREACH_CHECK_URL ?? null,
    ...webhooks(env, production),
    ...limitsOf(env, devTools),
    sandbox: env.SANDBOX ?? devTools,
    ...operators(env),
    metricsToken: env.METRICS_TOKEN ?? null,
    ...tracing(env),
    logLevel: env.LOG_LEVEL,
    shutdownDrain: env.SHUTDOWN_DRAIN ?? (production ? 5_000 : 0),
    shutdownGrace: env.SHUTDOWN_GRACE,
  }
}

/** In development budgets are multiplied, since a developer repeats the same calls. */
function limitsOf(env: Environment, devTools: boolean) {
  const factor = env.NODE_ENV === 'development' && devTools ? RATE_LIMIT.developmentFactor : 1
  return { rateLimits: env.RATE_LIMITS, budgets: { factor, replaced: replacedBudgets(env) } }
}

function linksOf(env: Environment, publicUrl: string) {
  return {
    verifyEmail: env.VERIFY_EMAIL_URL ?? `${publicUrl}/verify-email#token={token}`,
    resetPassword: env.RESET_PASSWORD_URL ?? `${publicUrl}/reset-password#token={token}`,
    confirmEmailChange: env.CONFIRM_EMAIL_CHANGE_URL ?? `${publicUrl}/confirm-email-change#token={token}`,
    undoEmailChange: env.UNDO_EMAIL_CHANGE_URL ?? `${publicUrl}/undo-email-change#token={token}`,
    rejectLogin: env.REJECT_LOGIN_URL ?? `${publicUrl}/reject-login#token={token}`,
  }
}

function pages(env: Environment) {
  return {
    redirectUrls: env.REDIRECT_URLS ?? [],
    appName: env.APP_NAME,
    appUrl: env.APP_URL ?? null,
    brandColor: env.BRAND_COLOR,
    brandLogoUrl: env.BRAND_LOGO_URL ?? null,
    supportUrl: env.SUPPORT_URL ?? null,
    hostedPages: env.HOSTED_PAGES,
    securityContact: env.SECURITY_CONTACT ?? null,
  }
}

function passkeys(env: Environment, { publicUrl, devTools }: { publicUrl: string; devTools: boolean }) {
  const { origin, hostname } = new URL(publicUrl)
  const pages = env.CORS_ORIGINS ?? (devTools ? [ANY_LOCALHOST_ORIGIN] : [])
  return {
    passkeyRpId: env.PASSKEY_RP_ID ?? hostname,
    passkeyOrigins: env.PASSKEY_ORIGINS ?? [origin, ...pages],
    appleAppIds: env.APPLE_APP_IDS ?? [],
    androidApps: env.ANDROID_APPS ?? [],
  }
}

function webhooks(env: Environment, production: boolean) {
  return {
    webhookUrl: env.WEBHOOK_URL ?? null,
    webhookSecret: env.WEBHOOK_SECRET ?? null,
    webhookEvents: env.WEBHOOK_EVENTS ?? [],
    webhookPrivateHosts: webhookPrivateHosts(env.WEBHOOK_PRIVATE_HOSTS, production),
  }
}

function operators(env: Environment) {
  return { operatorApi: env.OPERATOR_API, operatorPort: env.OPERATOR_PORT ?? null }
}

function grants(env: Environment, publicUrl: string) {
  return {
    tokenClaims: tokenClaims(env, publicUrl),
    claimsSchemaFile: env.CLAIMS_SCHEMA_FILE ?? null,
    profileSchemaFile: env.PROFILE_SCHEMA_FILE ?? null,
  }
}

function tokenClaims(env: Environment, publicUrl: string) {
  return {
    template: env.TOKEN_CLAIMS,
    namespace: env.TOKEN_CLAIMS_NAMESPACE ?? `${publicUrl}/claims`,
    audience: env.ACCESS_TOKEN_AUDIENCE ?? [],
    clientId: env.ACCESS_TOKEN_CLIENT_ID ?? null,
  }
}

function lifetimes(env: Environment) {
  return {
    accessTokenTtl: env.ACCESS_TOKEN_TTL,
    refreshTokenTtl: env.REFRESH_TOKEN_TTL,
    sessionMaxAge: env.SESSION_MAX_AGE,
    refreshGrace: env.REFRESH_GRACE,
    verifyTokenTtl: env.VERIFY_TOKEN_TTL,
    resetTokenTtl: env.RESET_TOKEN_TTL,
    signingKeyRotation: env.SIGNING_KEY_ROTATION,
    auditRetention: env.AUDIT_RETENTION,
  }
}

/** In development every trace is exported: there are few, and each is wanted. */
function tracing(env: Environment) {
  return {
    otlpEndpoint: env.OTEL_EXPORTER_OTLP_ENDPOINT ?? null,
    otlpHeaders: env.OTEL_EXPORTER_OTLP_HEADERS ?? null,
    serviceName: env.OTEL_SERVICE_NAME,
    traceRatio: env.OTEL_TRACES_SAMPLER_ARG ?? (env.NODE_ENV === 'production' ? 0.05 : 1),
  }
}
