import { isNearlyEveryone } from './accepted'
import type { Environment } from './env'
import { type UrlMistake, webhookUrlMistake } from '../lib/webhookUrl'
import { isIpLiteral, isLoopback, isLoopbackInBrowsers } from './values'

/** A variable with a wrong value. `found` is the wrong part of the value; without it the whole value is wrong. */
export interface Problem {
  variable: string
  accepted: string
  found?: string
}

/** The address that the server listens on and its public URL, with the defaults of both. */
export function addressesOf(env: Pick<Environment, 'NODE_ENV' | 'HOST' | 'PORT' | 'PUBLIC_URL'>) {
  return {
    host: env.HOST ?? (env.NODE_ENV === 'production' ? '0.0.0.0' : '127.0.0.1'),
    publicUrl: env.PUBLIC_URL ?? `http://localhost:${env.PORT}`,
  }
}

/** Whether other machines may reach the server: then development tools are off by default. */
export function isReachable(addresses: { host: string; publicUrl: string }): boolean {
  return !isLoopback(addresses.host) || !isLoopbackInBrowsers(new URL(addresses.publicUrl).hostname)
}

/** Whether the development inbox, `devInbox`, the Sandbox and open metrics exist. Production refuses DEV_TOOLS=on. */
export function hasDevTools(
  env: Pick<Environment, 'NODE_ENV' | 'HOST' | 'PORT' | 'PUBLIC_URL' | 'DEV_TOOLS'>,
): boolean {
  return env.DEV_TOOLS ?? (env.NODE_ENV !== 'production' && !isReachable(addressesOf(env)))
}

type Readable = Partial<Environment>

/** Conflicts between variables. Variables with an invalid value are absent from `env`. */
export function problemsAcross(env: Readable): Problem[] {
  return [
    ...pairProblems(env),
    ...webhookProblems(env),
    ...(env.NODE_ENV === 'production' ? productionProblems(env) : developmentProblems(env)),
  ]
}

function sentinelProblems(env: Readable): Problem[] {
  const { REDIS_URL, REDIS_SENTINELS, REDIS_SENTINEL_PASSWORD, REDIS_CLUSTER } = env
  if (REDIS_SENTINELS === undefined) {
    if (REDIS_SENTINEL_PASSWORD === undefined) return []
    return [{ variable: 'REDIS_SENTINELS', accepted: 'required beside REDIS_SENTINEL_PASSWORD' }]
  }
  if (REDIS_CLUSTER) return [{ variable: 'REDIS_CLUSTER', accepted: 'off, beside REDIS_SENTINELS' }]
  if (REDIS_URL !== undefined) return []
  const accepted =
    'required beside REDIS_SENTINELS: the name of the primary that they watch as host, as in redis://mymaster'
  return [{ variable: 'REDIS_URL', accepted }]
}

function pairProblems(env: Readable): Problem[] {
  const problems: Problem[] = []
  if ((env.TLS_CERT_FILE === undefined) !== (env.TLS_KEY_FILE === undefined)) {
    const variable = env.TLS_CERT_FILE ? 'TLS_KEY_FILE' : 'TLS_CERT_FILE'
    problems.push({ variable, accepted: 'both TLS files or none' })
  }
  if (env.REDIS_CLUSTER && env.REDIS_URL === undefined) {
    problems.push({ variable: 'REDIS_URL', accepted: 'required beside REDIS_CLUSTER=on: one node of it' })
  }
  problems.push(...sentinelProblems(env))
  if (env.OPERATOR_PORT !== undefined && !env.OPERATOR_API) {
    problems.push({ variable: 'OPERATOR_API', accepted: 'on, beside OPERATOR_PORT' })
  }
  if (env.OPERATOR_PORT !== undefined && env.OPERATOR_PORT !== 0 && env.OPERATOR_PORT === env.PORT) {
    problems.push({ variable: 'OPERATOR_PORT', accepted: 'another port than PORT' })
  }
  if (env.DIRECT_DATABASE_URL !== undefined && env.DATABASE_URL === undefined) {
    problems.push({ variable: 'DATABASE_URL', accepted: 'required beside DIRECT_DATABASE_URL' })
  }
  const { hostname } = new URL(env.PUBLIC_URL ?? 'http://localhost')
  if (env.PASSKEY_RP_ID !== undefined && !isWithin(hostname, env.PASSKEY_RP_ID)) {
    problems.push({ variable: 'PASSKEY_RP_ID', accepted: `${hostname}, the host of PUBLIC_URL, or a domain above it` })
  }
  if (env.SIGN_UP_BY_CODE && !env.LOGIN_CODE) {
    problems.push({ variable: 'SIGN_UP_BY_CODE', accepted: 'off, or LOGIN_CODE=on beside it' })
  }
  return problems
}

/** Hosts of webhooks that may be private and speak plain http: in development this machine. */
export function webhookPrivateHosts(given: readonly string[] | undefined, production: boolean): readonly string[] {
  return given ?? (production ? [] : ['localhost', '127.0.0.1', '[::1]'])
}

/** What to change about a URL of a webhook. */
export const WEBHOOK_URL_ADVICE: Record<UrlMistake, string> = {
  NOT_A_URL: 'an https: URL',
  TOO_LONG: 'a URL of 2000 characters or less',
  HAS_CREDENTIALS: 'a URL without user name and password: the signature tells the receiver who sends',
  NOT_HTTPS: 'an https: URL, or its host in WEBHOOK_PRIVATE_HOSTS',
  PRIVATE_ADDRESS: 'a host with a public address, or its host in WEBHOOK_PRIVATE_HOSTS',
}

function webhookProblems(env: Readable): Problem[] {
  const { WEBHOOK_URL: url, WEBHOOK_SECRET: secret, WEBHOOK_EVENTS: events } = env
  if (url === undefined) {
    const others = secret !== undefined || events !== undefined
    return others ? [{ variable: 'WEBHOOK_URL', accepted: 'required beside WEBHOOK_SECRET and WEBHOOK_EVENTS' }] : []
  }
  const problems: Problem[] = []
  if (secret === undefined) {
    const accepted = 'required beside WEBHOOK_URL, as `echo whsec_$(openssl rand -base64 32)` prints'
    problems.push({ variable: 'WEBHOOK_SECRET', accepted })
  }
  const hosts = webhookPrivateHosts(env.WEBHOOK_PRIVATE_HOSTS, env.NODE_ENV === 'production')
  const mistake = webhookUrlMistake(url, hosts)
  if (mistake) problems.push({ variable: 'WEBHOOK_URL', accepted: WEBHOOK_URL_ADVICE[mistake] })
  return problems
}

function isWithin(host: string, domain: string): boolean {
  return host === domain || (domain.includes('.') && host.endsWith(`.${domain}`))
}

function developmentProblems(env: Readable): Problem[] {
  const { NODE_ENV = 'development', PORT = 4000, HOST, PUBLIC_URL, DEV_TOOLS } = env
  const settings = { NODE_ENV, PORT, HOST, PUBLIC_URL, DEV_TOOLS }
  if (env.SMTP_URL !== undefined || hasDevTools(settings)) return []
  const { host, publicUrl } = addressesOf(settings)
  const reason =
    DEV_TOOLS === false
      ? 'DEV_TOOLS is off'
      : `HOST (${host}) or PUBLIC_URL (${publicUrl}) is not loopback, which turns development tools off`
  return [
    {
      variable: 'SMTP_URL',
      accepted:
        `required, since ${reason}: an smtp:// or smtps:// URL, or DEV_TOOLS=on for the development inbox, ` +
        'where everybody who reaches the server reads every mail and its links',
    },
  ]
}

function productionProblems(env: Readable): Problem[] {
  return [
    ...requiredProblems(env),
    ...refusedProblems(env),
    ...unencryptedProblems(env),
    ...(Array.isArray(env.TRUST_PROXY) ? env.TRUST_PROXY : [])
      .filter(isNearlyEveryone)
      .map((found): Problem => ({ variable: 'TRUST_PROXY', accepted: 'the addresses of your proxies', found })),
  ]
}

function requiredProblems(env: Readable): Problem[] {
  const problems: Problem[] = []
  if (!env.PUBLIC_URL?.startsWith('https:')) {
    problems.push({ variable: 'PUBLIC_URL', accepted: 'required in production, an https: origin' })
  } else if (!env.MAIL_FROM && isIpLiteral(new URL(env.PUBLIC_URL).hostname)) {
    const accepted = 'required in production where PUBLIC_URL has an address for a host: no domain to send mail from'
    problems.push({ variable: 'MAIL_FROM', accepted })
  }
  if (!env.DATABASE_URL) problems.push({ variable: 'DATABASE_URL', accepted: 'required in production' })
  if (!env.SMTP_URL) problems.push({ variable: 'SMTP_URL', accepted: 'required in production' })
  if (!env.SECRET) problems.push({ variable: 'SECRET', accepted: 'required in production, 32 bytes or more' })
  return problems
}

function refusedProblems(env: Readable): Problem[] {
  const problems: Problem[] = []
  if (env.RATE_LIMITS === false) problems.push({ variable: 'RATE_LIMITS', accepted: 'off is refused in production' })
  if (env.DEV_TOOLS) problems.push({ variable: 'DEV_TOOLS', accepted: 'on is refused in production' })
  if (env.TRUST_PROXY === true) {
    problems.push({
      variable: 'TRUST_PROXY',
      accepted: 'the addresses of your proxies in production; true believes anyone',
    })
  }
  if ((env.BCRYPT_COST ?? 12) < 12) problems.push({ variable: 'BCRYPT_COST', accepted: '12 or more in production' })
  return problems
}

/** Where mailed tokens go by plain http. */
function unencryptedLinks(env: Readable): Problem[] {
  const accepted = "https:, or an app's own scheme, in production"
  const single = LINKS.filter((variable) => /^http:/i.test(env[variable] ?? ''))
  const isPlain = (env.REDIRECT_URLS ?? []).some((url) => /^http:/i.test(url))
  return [...single, ...(isPlain ? (['REDIRECT_URLS'] as const) : [])].map((variable) => ({ variable, accepted }))
}

const LINKS = [
  'VERIFY_EMAIL_URL',
  'RESET_PASSWORD_URL',
  'CONFIRM_EMAIL_CHANGE_URL',
  'UNDO_EMAIL_CHANGE_URL',
  'REJECT_LOGIN_URL',
  'LOGIN_CODE_URL',
] as const

/** Settings that would send tokens, passwords or counters over a network unencrypted. */
function unencryptedProblems(env: Readable): Problem[] {
  const problems = unencryptedLinks(env)
  if (
    env.OTEL_EXPORTER_OTLP_ENDPOINT &&
    env.OTEL_EXPORTER_OTLP_HEADERS &&
    isRemote(env.OTEL_EXPORTER_OTLP_ENDPOINT, 'http:')
  ) {
    const accepted = 'https: in production beside OTEL_EXPORTER_OTLP_HEADERS, which hold a key'
    problems.push({ variable: 'OTEL_EXPORTER_OTLP_ENDPOINT', accepted })
  }
  if (/^http:/i.test(env.BRAND_LOGO_URL ?? '')) {
    problems.push({ variable: 'BRAND_LOGO_URL', accepted: 'https: in production' })
  }
  if (env.BREACH_CHECK_URL && isRemote(env.BREACH_CHECK_URL, 'http:')) {
    problems.push({ variable: 'BREACH_CHECK_URL', accepted: 'https: in production' })
  }
  if (env.REDIS_URL && env.REDIS_TLS === 'required' && isRemote(env.REDIS_URL, 'redis:')) {
    const accepted =
      'rediss: in production where the host is not loopback, or REDIS_TLS=off for a network that you trust'
    problems.push({ variable: 'REDIS_URL', accepted })
  }
  return problems
}

function isRemote(url: string, protocol: string): boolean {
  const parsed = new URL(url)
  return parsed.protocol === protocol && !isLoopback(parsed.hostname)
}
