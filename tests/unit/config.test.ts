import fastify from 'fastify'
import { Client } from 'pg'
import { BUDGET_VARIABLES } from '../../src/config/budgets'
import { banner } from '../../src/dev/banner'
import { createSchema } from '../../src/graphql/schema'
import { ConfigError, readEnvironment, resolveConfig } from '../../src/config/config'

const SECRET = 'a secret of thirty-two bytes or more'
/** Also as `TRUST_PROXY` that `fastify` reads. */
const ACCEPTED_PROXIES = ['true', 'false', '10.0.0.1, 192.168.0.0/16, fd00::/8', '::1,2001:db8::/32', '::ffff:10.0.0.1']

const PRODUCTION = {
  NODE_ENV: 'production',
  PUBLIC_URL: 'https://auth.example.com',
  DATABASE_URL: 'postgresql://gatehouse:pw@db/gatehouse',
  SMTP_URL: 'smtps://user:pw@mail.example.com',
  SECRET,
}

function problemsOf(env: Record<string, string>): string {
  try {
    readEnvironment(env)
  } catch (error) {
    if (error instanceof ConfigError) return error.message
    throw error
  }
  return ''
}

test('an empty environment is a development server on loopback with its own database and inbox', () => {
  const config = resolveConfig(readEnvironment({}))
  expect(config).toMatchObject({
    production: false,
    host: '127.0.0.1',
    port: 4000,
    publicUrl: 'http://localhost:4000',
    databaseUrl: null,
    smtpUrl: null,
    migrateOnStart: true,
    sandbox: true,
    mailFrom: 'Gatehouse <no-reply@localhost>',
    accessTokenTtl: 86_400_000,
    refreshTokenTtl: 2_592_000_000,
    bcryptCost: 12,
  })
})

test('production listens everywhere, migrates and shows nothing by itself', () => {
  const config = resolveConfig(readEnvironment(PRODUCTION))
  expect(config).toMatchObject({
    host: '0.0.0.0',
    migrateOnStart: false,
    sandbox: false,
    corsOrigins: [],
    secureCookies: true,
  })
})

test('every problem is told in one message', () => {
  const message = problemsOf({
    ...PRODUCTION,
    PORT: 'x',
    BCRYPT_COST: '10',
    RATE_LIMITS: 'off',
    TRUST_PROXY: 'true',
    SMTP_URL: '',
  })
  for (const name of ['PORT', 'BCRYPT_COST', 'RATE_LIMITS', 'TRUST_PROXY', 'SMTP_URL'])
    expect(message).toContain(`${name}:`)
})

test('a secret is named by its length, never by its value', () => {
  const message = problemsOf({
    ...PRODUCTION,
    SECRET: 'changeme',
    SMTP_URL: 'http://user:hunter2@mail',
    METRICS_TOKEN: 'short-token',
  })
  expect(message).toContain('SECRET: found a value of 8 bytes')
  expect(message).not.toMatch(/changeme|hunter2|short-token/)
})

const LONG = 'x'.repeat(32)

/** Where a value is wrong: in any mode, or in production alone. */
const ANYWHERE: [name: string, value: string, told: RegExp][] = [
  ['NODE_ENV', 'prod', /found "prod"; accepted: one of development, production, test/],
  ['HOST', '1', /an IP address or a host name/],
  ['HOST', '127.1', /an IP address or a host name/],
  ['HOST', '[::1]', /without port, scheme or brackets/],
  ['HOST', 'localhost:4000', /without port, scheme or brackets/],
  ['HOST', 'http://localhost', /without port, scheme or brackets/],
  ['PORT', '65536', /from 0 to 65535/],
  ['PORT', '-1', /from 0 to 65535/],
  ['PORT', '"4000"', /found "\\"4000\\""; accepted: the value without the quotes around it/],
  ['PUBLIC_URL', 'auth.example.com', /an http: or https: origin, as in /],
  ['PUBLIC_URL', 'ftp://auth.example.com', /an http: or https: origin, as in /],
  ['PUBLIC_URL', 'https://auth.example.com/path', /the one meant is https:\/\/auth\.example\.com$/],
  ['PUBLIC_URL', 'https://auth.example.com:443', /the one meant is https:\/\/auth\.example\.com$/],
  ['PUBLIC_URL', 'https://AUTH.example.com', /the one meant is https:\/\/auth\.example\.com$/],
  ['PUBLIC_URL', 'https://bücher.example', /the one meant is https:\/\/xn--bcher-kva\.example$/],
  ['PUBLIC_URL', 'https://*.example.com', /a wildcard is not supported/],
  [
    'PUBLIC_URL',
    'https://user:hunter2@auth.example.com',
    /found "https:\/\/\*\*\*@auth.*the one meant is https:\/\/auth\.example\.com$/,
  ],
  ['DATABASE_URL', 'mysql://user:hunter2@db/x', /a postgresql:\/\/ URL, as in /],
  ['DATABASE_URL', "'postgresql://user:hunter2@db/x'", /without the quotes/],
  ['DATABASE_URL', 'postgresql://user:hunter2%@db/x', /% \/ \? # @ are written %25 %2F %3F %23 %40/],
  ['DATABASE_URL', 'postgresql://user:hunter2%zz@db/x', /are written %25/],
  ['DATABASE_URL', 'postgresql://user:hunter2/3@db/x', /are written %25/],
  ['DATABASE_URL', 'postgresql://user:hunter2@/x', /with a host, or \?host= and the folder of the server's socket/],
  ['DATABASE_URL', 'postgresql://db/x', /with a user name/],
  ['DATABASE_URL', 'postgresql://user:hunter2@one,two/x', /with one host/],
  ['DATABASE_URL', 'postgresql://user:hunter2@db/x y', /without blanks/],
  ['DIRECT_DATABASE_URL', 'mysql://user:hunter2@db/x', /a postgresql:\/\/ URL, as in /],
  ['DATA_DIR', '.data ', /without blanks around it/],
  ['DATABASE_POOL', '1', /from 2 to 200/],
  ['MIGRATE_ON_START', 'yes', /one of true, false/],
  ['REDIS_URL', 'http://redis', /a redis:\/\/ or rediss:\/\/ URL/],
  ['REDIS_URL', 'rediss://', /with a host/],
  ['REDIS_URL', 'rediss://user:hunter2%@redis', /are written %25/],
  ['REDIS_URL', 'rediss://redis/cache', /the number of a database/],
  ['REDIS_TLS', 'on', /one of required, off/],
  ['REDIS_SENTINELS', 'one:26379,two:x', /addresses with ports, separated by commas/],
  ['REDIS_SENTINELS', 'one:26379', /REDIS_URL: .*the name of the primary that they watch as host/],
  ['REDIS_SENTINEL_PASSWORD', 'pw', /REDIS_SENTINELS: .*required beside REDIS_SENTINEL_PASSWORD/],
  ['SMTP_URL', 'mail.example.com', /an smtp:\/\/ or smtps:\/\/ URL, as in /],
  ['SMTP_URL', 'smtp://', /with a host/],
  ['SMTP_URL', 'smtps://user:hunter2@', /as in smtps:\/\/user:password@mail/],
  ['SMTP_URL', 'smtps://user:hunter2%@mail.example.com', /are written %25/],
  ['SMTP_URL', 'smtps://user:hunter2#3@mail.example.com', /are written %25/],
  ['SMTP_NAME', 'auth.example.com\r\nMAIL FROM:<x@example.com>', /a host name, as in auth/],
  ['SMTP_NAME', 'auth_server', /a host name, as in auth/],
  ['MAIL_FROM', 'Name <a@b>\r\nBcc: c@d.example', /an address, as in /],
  ['APP_NAME', 'Gate<b>house', /without < >/],
  ['VERIFY_EMAIL_URL', 'https://app.example.com/verify', /a URL that contains \{token\}/],
  ['VERIFY_EMAIL_URL', 'https://app.example.com/#{{token}}', /in single braces/],
  ['VERIFY_EMAIL_URL', 'https://app.example.com/#${token}', /in single braces/],
  ['VERIFY_EMAIL_URL', 'https://{token}.example.com/', /not in its host/],
  ['VERIFY_EMAIL_URL', 'https://{token}@example.com/', /not in its host/],
  ['VERIFY_EMAIL_URL', 'https://example.com:{token}/', /a URL that contains \{token\}/],
  ['VERIFY_EMAIL_URL', 'myapp://{token}', /not in its host/],
  ['VERIFY_EMAIL_URL', 'https://user:hunter2@example.com/#{token}', /without user name and password/],
  ['VERIFY_EMAIL_URL', 'javascript:alert({token})', /opens safely/],
  ['REDIRECT_URLS', 'https://app.example.com/#auth', /URLs without fragment/],
  ['REDIRECT_URLS', 'https://user:hunter2@app.example.com/', /URLs without fragment, user name and password/],
  ['REDIRECT_URLS', 'javascript:alert(1)', /URLs without fragment/],
  ['REDIRECT_URLS', 'app.example.com', /URLs without fragment/],
  [
    'REDIRECT_URLS',
    Array.from({ length: 51 }, (_, index) => `https://a${index}.example.com/`).join(),
    /50 URLs at most/,
  ],
  ['RESET_PASSWORD_URL', 'https://app.example.com/a b#{token}', /opens safely/],
  ['CONFIRM_EMAIL_CHANGE_URL', '{token}', /a URL that contains \{token\}/],
  ['UNDO_EMAIL_CHANGE_URL', 'https://app.example/{code}', /a URL that contains \{token\}/],
  ['REJECT_LOGIN_URL', 'javascript:alert({token})', /opens safely/],
  ['LOGIN_CODE_URL', 'https://app.example/{token}', /a URL that contains \{code\}/],
  ['LOGIN_CODE_TTL', '11m', /1s to 10m/],
  ['APP_URL', 'javascript:alert(1)', /a URL/],
  ['APP_URL', 'https://user:hunter2@app.example.com', /without user name and password/],
  ['BRAND_COLOR', 'blue', /a colour such as/],
  ['BRAND_COLOR', '#ffee00', /dark enough/],
  ['BRAND_LOGO_URL', '/etc/gatehouse/logo.svg', /an https: URL of a picture/],
  ['BRAND_LOGO_URL', 'data:image/png;base64,AAAA', /an https: URL of a picture/],
  ['BRAND_LOGO_URL', 'https://*.example.com/logo.svg', /its host is a name or an IPv4 address/],
  ['SUPPORT_URL', 'support@example.com', /a mailto: address, as in/],
  ['SUPPORT_URL', 'mailto:nobody', /a mailto: address, as in/],
  ['SUPPORT_URL', 'javascript:alert(1)', /an https: URL or/],
  ['SUPPORT_URL', 'https://user:hunter2@help.example.com', /an https: URL or/],
  ['TLS_KEY_FILE', 'key.pem', /TLS_CERT_FILE: found nothing; accepted: both TLS files or none/],
  [
    'CORS_ORIGINS',
    'https://good.example,https://app.example.com/',
    /found "https:\/\/app\.example\.com\/"; .*the one meant is https:\/\/app\.example\.com$/,
  ],
  ['CORS_ORIGINS', 'https://good.example,*', /found "\*"; accepted: an http: or https: origin/],
  ['CORS_ORIGINS', 'https://*.example.com', /a wildcard is not supported/],
  ['CORS_ORIGINS', 'https://user:hunter2@app.example.com', /found "https:\/\/\*\*\*@app/],
  ['TRUST_PROXY', 'loopback', /addresses and CIDRs/],
  ['TRUST_PROXY', '1', /found "1"; accepted: true, false, or comma-separated addresses and CIDRs/],
  ['TRUST_PROXY', '10.1', /addresses and CIDRs/],
  ['TRUST_PROXY', '10.0.0.0/64', /addresses and CIDRs/],
  ['TRUST_PROXY', '10.0.0.0/255.0.0.0', /addresses and CIDRs/],
  ['TRUST_PROXY', '192.0.2.1, proxy.example', /found "proxy\.example"; /],
  ['SECRET', 'hunter2', /found a value of 7 bytes; accepted: 32 bytes or more/],
  ['SECRET', `${LONG}\n`, /without blanks or line ends around it/],
  ['SECRET', `"${LONG}"`, /without the quotes/],
  ['SECRET_PREVIOUS', ` ${LONG}`, /without blanks or line ends around it/],
  ['METRICS_TOKEN', 'hunter2', /16 characters or more/],
  ['METRICS_TOKEN', `${LONG} `, /without blanks or line ends around it/],
  ['METRICS_TOKEN', `${LONG}ü`, /signs and blanks of ASCII/],
  ['ACCESS_TOKEN_TTL', '24', /a duration from 1ms to 3650d/],
  ['ACCESS_TOKEN_TTL', '0s', /a duration from 1ms to 3650d/],
  ['ACCESS_TOKEN_TTL', '3651d', /a duration from 1ms to 3650d/],
  ['AUDIT_RETENTION', '23h', /a duration from 1d to 3650d/],
  ['SESSION_MAX_AGE', '999999d', /a duration from 1ms to 3650d/],
  ['SIGNING_KEY_ROTATION', '999999d', /a duration from 1ms to 3650d/],
  ['REFRESH_GRACE', '6m', /a duration from 0s to 5m/],
  ['HASH_MAX_WAIT', '25d', /a duration from 1ms to 7d/],
  ['SHUTDOWN_GRACE', '25d', /a duration from 1ms to 7d/],
  ['PASSWORD_ALGORITHM', 'md5', /one of bcrypt, argon2id/],
  ['BCRYPT_COST', '17', /from 10 to 16/],
  ['HASH_CONCURRENCY', '0', /from 1 to 256/],
  ['PASSWORD_MIN_SCORE', '5', /from 0 to 4/],
  ['BREACH_CHECK_URL', 'https://user:hunter2@range.example.com', /without user name and password/],
  ['RATE_LIMITS', 'maybe', /one of on, off/],
  ['RATE_LIMIT_REGISTER', '200', /per IP/],
  ['RATE_LIMIT_REGISTER', '200/1h', /per IP/],
  ['RATE_LIMIT_REGISTER', '0/1h per IP', /per IP/],
  ['RATE_LIMIT_REGISTER', '200/soon per IP', /per IP/],
  ['RATE_LIMIT_REGISTER', '200/1h per IP,', /per IP/],
  ['RATE_LIMIT_REGISTER', '200/1h per USER', /per IP/],
  ['RATE_LIMIT_LOGIN', '200/1h per IP+IP', /per IP/],
  ['RATE_LIMIT_LOGIN', '200/366d per IP', /a window of 365d at most/],
  ['RATE_LIMIT_SIGNUP', '200/1h per IP', /one of RATE_LIMIT_REGISTER, /],
  ['WEBHOOK_SECRET', 'secret', /whsec_ and base64 of 24 to 64 bytes/],
  ['WEBHOOK_EVENTS', 'user.deleted,user.registred', /found "user\.registred"; accepted: names of user\.registered/],
  ['WEBHOOK_PRIVATE_HOSTS', 'app,*.internal', /in lower case and without port/],
  ['WEBHOOK_PRIVATE_HOSTS', 'app:8080', /in lower case and without port/],
  ['WEBHOOK_PRIVATE_HOSTS', 'APP', /in lower case and without port/],
  ['WEBHOOK_URL', 'https://app.example.com/', /WEBHOOK_SECRET: found nothing; accepted: required beside WEBHOOK_URL/],
  ['WEBHOOK_URL', 'http://app.example.com/', /WEBHOOK_URL: found .*an https: URL/],
  ['WEBHOOK_EVENTS', 'user.deleted', /WEBHOOK_URL: found nothing; accepted: required beside WEBHOOK_SECRET/],
  ['PASSKEY_ORIGINS', 'app.example.com', /or android:apk-key-hash: with 43 characters/],
  ['PASSKEY_ORIGINS', 'android:apk-key-hash:short', /or android:apk-key-hash: with 43 characters/],
  ['PASSKEY_RP_ID', 'https://example.com', /a host name, as in example\.com/],
  ['PASSKEY_RP_ID', 'example.org', /the host of PUBLIC_URL, or a domain above it/],
  ['APPLE_APP_IDS', 'com.example.app', /app ids, as in ABCDE12345/],
  ['ANDROID_APPS', 'com.example.app', /package:fingerprint/],
  ['ACCESS_TOKEN_AUDIENCE', 'https://orders.example.com, two words', /visible characters of ASCII/],
  ['ACCESS_TOKEN_AUDIENCE', Array.from({ length: 30 }, (_, index) => `a${index}`).join(), /audiences at most/],
  ['SECURITY_CONTACT', 'security@example.com', /an https:, mailto: or tel: URI/],
  ['SIGN_UP_BY_CODE', 'on', /off, or LOGIN_CODE=on beside it/],
  ['DEV_TOOLS', 'true', /one of on, off/],
  ['LOG_LEVEL', 'loud', /one of fatal/],
  ['OTEL_EXPORTER_OTLP_ENDPOINT', 'localhost:4318', /an http: or https: URL/],
  ['OTEL_EXPORTER_OTLP_HEADERS', 'a key', /headers as in api-key=secret/],
  ['OTEL_EXPORTER_OTLP_HEADERS', 'key=100%', /%25 for %/],
  ['OTEL_TRACES_SAMPLER_ARG', '5%', /a number from 0 to 1/],
]

const IN_PRODUCTION: typeof ANYWHERE = [
  ['PUBLIC_URL', 'http://auth.example.com', /an https: origin/],
  [
    'PUBLIC_URL',
    'https://192.0.2.1',
    /MAIL_FROM: found nothing; accepted: required in production where PUBLIC_URL has an address/,
  ],
  [
    'REDIRECT_URLS',
    'https://app.example.com/a,http://app.example.com/b',
    /https:, or an app's own scheme, in production/,
  ],
  ['VERIFY_EMAIL_URL', 'http://app.example.com/#{token}', /https:, or an app's own scheme, in production/],
  ['RESET_PASSWORD_URL', 'HTTP://app.example.com/#{token}', /https:, or an app's own scheme, in production/],
  ['LOGIN_CODE_URL', 'http://localhost/#{code}', /https:, or an app's own scheme, in production/],
  ['CONFIRM_EMAIL_CHANGE_URL', 'http://localhost/#{token}', /https:, or an app's own scheme, in production/],
  ['UNDO_EMAIL_CHANGE_URL', 'http://localhost/#{token}', /https:, or an app's own scheme, in production/],
  ['REJECT_LOGIN_URL', 'http://localhost/#{token}', /https:, or an app's own scheme, in production/],
  ['TRUST_PROXY', 'true', /true believes anyone/],
  ['TRUST_PROXY', '10.0.0.1, 0.0.0.0/0', /found "0\.0\.0\.0\/0"; accepted: the addresses of your proxies/],
  ['TRUST_PROXY', '::/0', /found "::\/0"/],
  ['TRUST_PROXY', '2000::/3', /found "2000::\/3"/],
  ['REDIS_URL', 'redis://user:hunter2@redis', /or REDIS_TLS=off/],
  ['BCRYPT_COST', '11', /12 or more in production/],
  ['BRAND_LOGO_URL', 'http://localhost:5173/logo.svg', /https: in production/],
  ['BREACH_CHECK_URL', 'http://range.example.com', /https: in production/],
  ['RATE_LIMITS', 'off', /off is refused in production/],
  ['DEV_TOOLS', 'on', /on is refused in production/],
]

test.each(ANYWHERE)('%s=%j is refused in any mode, in words that help', (name, value, words) => {
  const message = problemsOf({ [name]: value })
  expect(message.split('\n').slice(1).join('\n')).toMatch(words)
  expect(message).not.toMatch(/hunter2|x{32}|good\.example/)
  expect(problemsOf({ ...PRODUCTION, [name]: value })).not.toBe('')
})

test.each(IN_PRODUCTION)('%s=%j is refused in production alone', (name, value, words) => {
  const message = problemsOf({ ...PRODUCTION, [name]: value })
  expect(message).toMatch(words)
  expect(message).not.toContain('hunter2')
  const inDevelopment = { [name]: value, SMTP_URL: PRODUCTION.SMTP_URL }
  expect(problemsOf(inDevelopment)).toBe('')
})

test.each([
  ['an app deep link', 'VERIFY_EMAIL_URL', 'myapp://verify?token={token}'],
  ['several proxies', 'TRUST_PROXY', '10.0.0.1, 192.168.0.0/16, fd00::/8'],
  ['several origins', 'CORS_ORIGINS', 'https://app.example.com,https://admin.example.com:8443'],
  ['several budgets', 'RATE_LIMIT_LOGIN', '20/15m per IP+EMAIL, 500 / 15m per IP'],
  ['a proxy by its IPv6 address', 'TRUST_PROXY', '::1,2001:db8::/32'],
  ['Redis in clear on this machine', 'REDIS_URL', 'redis://:pw@127.0.0.1:6379/1'],
  ['a password in percent-encoding', 'SMTP_URL', 'smtps://user:50%25@mail.example.com'],
  ['an address to listen on', 'HOST', '::1'],
  ['a name to listen on', 'HOST', 'auth-1.internal'],
  ['a token that a mail carries twice', 'RESET_PASSWORD_URL', 'https://app.example.com/?t={token}#token={token}'],
  ['a page to find help on', 'SUPPORT_URL', 'https://example.com/@help?from=auth'],
  ['an address to write to', 'SUPPORT_URL', 'mailto:support@example.com?subject=Login'],
  ['a bare sender', 'MAIL_FROM', 'no-reply@example.com'],
])('%s is accepted', (_what, name, value) => {
  expect(problemsOf({ ...PRODUCTION, [name]: value })).toBe('')
})

test.each([
  [{ PUBLIC_URL: 'https://auth.example.com', SMTP_URL: 'smtps://mail.example.com' }, 'auth.example.com'],
  [{ PUBLIC_URL: 'http://127.0.0.1:4000' }, '[127.0.0.1]'],
  [{ PUBLIC_URL: 'http://[::1]:4000' }, '[IPv6:::1]'],
  [{}, 'localhost'],
  [{ PUBLIC_URL: 'http://localhost:4000', SMTP_NAME: 'relay.example.com' }, 'relay.example.com'],
  [{ SMTP_NAME: '[192.0.2.7]' }, '[192.0.2.7]'],
])('mail servers are greeted as RFC 5321 wants it: %j as %s', (env, name) => {
  expect(resolveConfig(readEnvironment(env)).smtpName).toBe(name)
})

test('an empty value is an unset one', () => {
  expect(resolveConfig(readEnvironment({ PORT: '', APP_URL: '' }))).toMatchObject({ port: 4000, appUrl: null })
})

test('each mutation has a variable that replaces its budgets, and each such variable has a mutation', () => {
  const mutations = Object.keys(
    createSchema({ development: true, loginCode: true }).getMutationType()?.getFields() ?? {},
  )
  const fields = Object.values(BUDGET_VARIABLES).map(({ field }) => field)
  expect(fields.sort()).toEqual(mutations.sort())
  for (const [name, { field }] of Object.entries(BUDGET_VARIABLES)) {
    expect(name).toBe(`RATE_LIMIT_${field.replace(/[A-Z]/g, '_$&').toUpperCase()}`)
  }
})

test('budgets are read by field, with numbers of production and tenfold ones in development', () => {
  const env = { RATE_LIMIT_LOGIN: '20/15m per IP+EMAIL, 500/15m per IP' }
  const replaced = {
    login: [
      { max: 20, window: 900_000, per: ['IP', 'EMAIL'] },
      { max: 500, window: 900_000, per: ['IP'] },
    ],
  }
  expect(resolveConfig(readEnvironment({ ...PRODUCTION, ...env })).budgets).toEqual({ factor: 1, replaced })
  expect(resolveConfig(readEnvironment(env)).budgets).toEqual({ factor: 10, replaced })
})

test('Redis in clear is accepted in production where REDIS_TLS=off says so', () => {
  expect(problemsOf({ ...PRODUCTION, REDIS_URL: 'redis://redis', REDIS_TLS: 'off' })).toBe('')
})

test('DIRECT_DATABASE_URL stands in for DATABASE_URL nowhere, and defaults to it', () => {
  expect(problemsOf({ DIRECT_DATABASE_URL: 'postgresql://user:pw@db/x' })).toMatch(
    /DATABASE_URL: found nothing; accepted: required beside DIRECT_DATABASE_URL/,
  )
  const { directDatabaseUrl } = resolveConfig(readEnvironment(PRODUCTION))
  expect(directDatabaseUrl).toBe(PRODUCTION.DATABASE_URL)
})

test("libpq's spelling of a server behind a socket is read", () => {
  const { databaseUrl } = resolveConfig(
    readEnvironment({ DATABASE_URL: 'postgresql://user:pw@/gatehouse?host=/run/postgresql' }),
  )
  const { host, user, password, database } = new Client({ connectionString: databaseUrl ?? '' })
  expect({ host, user, password, database }).toEqual({
    host: '/run/postgresql',
    user: 'user',
    password: 'pw',
    database: 'gatehouse',
  })
})

test.each(ACCEPTED_PROXIES)('what TRUST_PROXY=%s means is what the server reads', async (value) => {
  const { trustProxy } = resolveConfig(readEnvironment({ TRUST_PROXY: value }))
  await fastify({ trustProxy }).close() // throws for a list that it does not read
})

describe('development tools', () => {
  const configOf = (env: Record<string, string>) => resolveConfig(readEnvironment(env))
  const SMTP = { SMTP_URL: 'smtp://localhost:1025' }

  test.each([
    ['an empty environment', {}],
    ['addresses of loopback', { HOST: '::1', PUBLIC_URL: 'http://127.0.0.1:4000' }],
    ['a name that browsers send to loopback', { PUBLIC_URL: 'http://auth.localhost:4000' }],
    ['DEV_TOOLS=on', { HOST: '0.0.0.0', PUBLIC_URL: 'https://auth.example.com', DEV_TOOLS: 'on' }],
  ])('are on with %s', (_name, env) => {
    expect(configOf(env)).toMatchObject({ devTools: true, sandbox: true, corsOrigins: null })
  })

  test.each([
    ['HOST is not loopback', { HOST: '0.0.0.0' }],
    ['PUBLIC_URL is not loopback', { PUBLIC_URL: 'https://auth.example.com' }],
    ['DEV_TOOLS=off', { DEV_TOOLS: 'off' }],
  ])('are off where %s, and a mail server is required then', (_name, env) => {
    expect(configOf({ ...env, ...SMTP })).toMatchObject({ devTools: false, sandbox: false, corsOrigins: [] })
    const message = problemsOf(env)
    expect(message).toMatch(/SMTP_URL: found nothing; accepted: required, since (HOST|DEV_TOOLS)/)
    expect(message).toContain('DEV_TOOLS=on')
  })

  test('are named by the banner where other machines may reach them, and where they are off', () => {
    expect(banner(configOf({}), [])).not.toContain('DEV_TOOLS')
    expect(banner(configOf({ HOST: '0.0.0.0', DEV_TOOLS: 'on' }), [])).toMatch(
      /DEV_TOOLS=on: HOST \(0\.0\.0\.0\).*not loopback/,
    )
    expect(banner(configOf({ HOST: '0.0.0.0', ...SMTP }), [])).toMatch(/Development tools are off/)
  })

  test('the banner names the account page, the operator API where it is on, and the limits', () => {
    const text = banner(configOf({ OPERATOR_API: 'on', OPERATOR_PORT: '4100' }), [
      'register 100 / 1h per IP',
      'login 5',
    ])
    expect(text).toContain('http://localhost:4000/account\n')
    expect(text).toContain('http://localhost:4100/operator/graphql\n')
    expect(text).toMatch(/Limits +register 100 \/ 1h per IP\n +login 5\n/)
    expect(banner(configOf({ HOSTED_PAGES: 'off' }), [])).not.toMatch(/\/account|operator|Limits/)
  })

  test('are off in production', () => {
    expect(configOf({ ...PRODUCTION, HOST: '127.0.0.1' })).toMatchObject({ devTools: false })
  })
})

test.each(['http://[::1]:4000', 'http://127.0.0.1:4000'])(
  'the sender of %s has a domain that mail servers take',
  (url) => {
    expect(resolveConfig(readEnvironment({ PUBLIC_URL: url })).mailFrom).toBe('Gatehouse <no-reply@localhost>')
  },
)

test('a command that uses some variables is not stopped by the others', () => {
  const env = { NODE_ENV: 'production', DATABASE_URL: PRODUCTION.DATABASE_URL, PORT: 'x', BCRYPT_COST: '10' }
  const uses = ['NODE_ENV', 'DATABASE_URL'] as const
  expect(readEnvironment(env, uses)).toMatchObject({ NODE_ENV: 'production', DATABASE_URL: PRODUCTION.DATABASE_URL })
  expect(() => readEnvironment({ ...env, DATABASE_URL: 'x' }, uses)).toThrow(/^[^]*DATABASE_URL: found (?![^]*PORT)/)
})

describe('the configuration', () => {
  test.each([
    ['true', true],
    ['false', false],
    ['10.0.0.0/8, 2001:db8::1', ['10.0.0.0/8', '2001:db8::1']],
  ])('believes with TRUST_PROXY=%s: %j', (value, trusted) => {
    expect(resolveConfig(readEnvironment({ TRUST_PROXY: value })).trustProxy).toEqual(trusted)
  })

  test.each([
    ['TLS_CERT_FILE', 'TLS_KEY_FILE'],
    ['TLS_KEY_FILE', 'TLS_CERT_FILE'],
  ])('%s alone is told as the lack of %s', (given, lacking) => {
    const read = () => readEnvironment({ [given]: '/etc/tls/file.pem' })
    expect(read).toThrow(ConfigError)
    expect(read).toThrow(`${lacking}: found nothing; accepted: both TLS files or none`)
  })

  test('is that of the process where no other is given', () => {
    process.env.APP_NAME = 'Here and Now'
    process.env.NODE_ENV = 'development'
    expect(readEnvironment()).toMatchObject({ APP_NAME: 'Here and Now', NODE_ENV: 'development' })
    delete process.env.APP_NAME
    process.env.NODE_ENV = 'test'
  })
})
