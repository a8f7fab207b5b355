import { availableParallelism } from 'node:os'
import { resolve } from 'node:path'
import ipaddr from 'ipaddr.js'
import { BUDGET_VARIABLES, replacedBudgets, unknownBudgetVariables } from './budgets'
import { RATE_LIMIT } from './defaults'
import { type Environment, SECRET_VARIABLES, environment, productionProblems } from './env'
import { smtpNameOf } from './values'

/** One message that lists every problem of the environment; the process ends with exit code 78 (EX_CONFIG). */
export class ConfigError extends Error {}

/** What the server runs by: the environment with the defaults that depend on one another filled in. Durations in milliseconds. */
export type Config = ReturnType<typeof resolveConfig>

/** Reads the environment once. Throws a ConfigError that names each wrong variable, what was found and what is accepted. */
export function readEnvironment(source: NodeJS.ProcessEnv = process.env): Environment {
  // An empty value is an unset one: that is how compose files and shells leave variables out.
  const given = Object.fromEntries(Object.entries(source).filter(([, value]) => value !== ''))
  const parsed = environment.safeParse(given)
  if (parsed.success && problemsAcross(parsed.data).length + unknownProblems(given).length === 0) return parsed.data
  throw new ConfigError(message(problemsOf(given), given))
}

/** Every problem at once: those of single variables, and those that the readable ones have among one another. */
function problemsOf(given: NodeJS.ProcessEnv): Problem[] {
  const problems: Problem[] = unknownProblems(given)
  const readable: Record<string, unknown> = {}
  for (const [name, schema] of Object.entries(environment.shape)) {
    const read = schema.safeParse(given[name])
    if (read.success) readable[name] = read.data
    else problems.push([name, read.error.issues[0]?.message ?? 'another value'])
  }
  const told = new Set(problems.map(([name]) => name))
  return [...problems, ...problemsAcross(readable).filter(([name]) => !told.has(name))]
}

/** A misspelt name of this kind would leave the default in force without a word. */
function unknownProblems(given: NodeJS.ProcessEnv): Problem[] {
  const accepted = Object.keys(BUDGET_VARIABLES).join(', ')
  return unknownBudgetVariables(Object.keys(given)).map((name) => [name, `one of ${accepted}`])
}

/** Fills in the defaults that depend on other variables. A PORT of 0 must have been replaced by the port that was picked. */
export function resolveConfig(env: Environment) {
  const production = env.NODE_ENV === 'production'
  const publicUrl = env.PUBLIC_URL ?? `http://localhost:${env.PORT}`
  return {
    production,
    host: env.HOST ?? (production ? '0.0.0.0' : '127.0.0.1'),
    port: env.PORT,
    publicUrl,
    secureCookies: publicUrl.startsWith('https:'),
    databaseUrl: env.DATABASE_URL ?? null,
    directDatabaseUrl: env.DIRECT_DATABASE_URL ?? env.DATABASE_URL ?? null,
    databasePool: env.DATABASE_POOL,
    dataDir: resolve(env.DATA_DIR),
    migrateOnStart: env.MIGRATE_ON_START ?? !production,
    redisUrl: env.REDIS_URL ?? null,
    smtpUrl: env.SMTP_URL ?? null,
    smtpName: env.SMTP_NAME ?? smtpNameOf(new URL(publicUrl)),
    mailFrom: env.MAIL_FROM ?? `${env.APP_NAME} <no-reply@${new URL(publicUrl).hostname}>`,
    appName: env.APP_NAME,
    appUrl: env.APP_URL ?? null,
    brandColor: env.BRAND_COLOR,
    links: {
      verifyEmail: env.VERIFY_EMAIL_URL ?? `${publicUrl}/verify-email#token={token}`,
      resetPassword: env.RESET_PASSWORD_URL ?? `${publicUrl}/reset-password#token={token}`,
      confirmEmailChange: env.CONFIRM_EMAIL_CHANGE_URL ?? `${publicUrl}/confirm-email-change#token={token}`,
    },
    tls: env.TLS_CERT_FILE && env.TLS_KEY_FILE ? { certFile: env.TLS_CERT_FILE, keyFile: env.TLS_KEY_FILE } : null,
    corsOrigins: env.CORS_ORIGINS ?? (production ? [] : null), // null: localhost on any port and Apollo Sandbox
    trustProxy: trusted(env.TRUST_PROXY),
    secret: env.SECRET ?? null, // null: generated into dataDir
    secretPrevious: env.SECRET_PREVIOUS ?? null,
    ...lifetimes(env),
    passwordAlgorithm: env.PASSWORD_ALGORITHM,
    bcryptCost: env.BCRYPT_COST,
    hashConcurrency: env.HASH_CONCURRENCY ?? availableParallelism(),
    hashMaxWait: env.HASH_MAX_WAIT,
    passwordMinLength: env.PASSWORD_MIN_LENGTH,
    passwordMinScore: env.PASSWORD_MIN_SCORE,
    breachCheckUrl: env.BREACH_CHECK_URL ?? null,
    rateLimits: env.RATE_LIMITS,
    budgets: {
      factor: env.NODE_ENV === 'development' ? RATE_LIMIT.developmentFactor : 1,
      replaced: replacedBudgets(env),
    },
    sandbox: env.SANDBOX ?? !production,
    metricsToken: env.METRICS_TOKEN ?? null,
    logLevel: env.LOG_LEVEL,
    shutdownDrain: env.SHUTDOWN_DRAIN ?? (production ? 5_000 : 0),
    shutdownGrace: env.SHUTDOWN_GRACE,
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
  }
}

/** `true` believes every hop, `false` none; otherwise the listed ones. */
function trusted(value: string): boolean | string[] {
  return value === 'true' ? true : value === 'false' ? false : proxies(value)
}

function proxies(value: string): string[] {
  return value
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '')
}

function isAddressOrRange(item: string): boolean {
  return item.includes('/') ? ipaddr.isValidCIDR(item) : ipaddr.isValid(item)
}

type Problem = [variable: string, accepted: string]

function problemsAcross(env: Partial<Environment>): Problem[] {
  const problems: Problem[] = env.NODE_ENV === 'production' ? productionProblems(env) : []
  if ((env.TLS_CERT_FILE === undefined) !== (env.TLS_KEY_FILE === undefined)) {
    problems.push([env.TLS_CERT_FILE ? 'TLS_KEY_FILE' : 'TLS_CERT_FILE', 'both TLS files or none'])
  }
  const hops = env.TRUST_PROXY === undefined || /^(?:true|false)$/.test(env.TRUST_PROXY) ? [] : proxies(env.TRUST_PROXY)
  if (!hops.every(isAddressOrRange)) {
    problems.push(['TRUST_PROXY', 'true, false, or comma-separated addresses and CIDRs'])
  }
  return problems
}

function message(problems: Problem[], given: NodeJS.ProcessEnv): string {
  const lines = problems.map(
    ([variable, accepted]) => `  ${variable}: found ${found(variable, given)}; accepted: ${accepted}`,
  )
  return ['The configuration cannot be served:', ...lines].join('\n')
}

function found(variable: string, given: NodeJS.ProcessEnv): string {
  const value = given[variable]
  if (value === undefined) return 'nothing'
  return SECRET_VARIABLES.has(variable) ? `a value of ${Buffer.byteLength(value)} bytes` : JSON.stringify(value)
}
