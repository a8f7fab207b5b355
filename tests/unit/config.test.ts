import { BUDGET_VARIABLES } from '../../src/config/budgets'
import { createSchema } from '../../src/graphql/schema'
import { ConfigError, readEnvironment, resolveConfig } from '../../src/config/config'

const SECRET = 'a secret of thirty-two bytes or more'
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

test.each([
  ['PORT', '65536'],
  ['PORT', '-1'],
  ['PUBLIC_URL', 'http://auth.example.com'],
  ['PUBLIC_URL', 'https://auth.example.com/path'],
  ['DATABASE_URL', 'mysql://db'],
  ['REDIS_URL', 'http://redis'],
  ['MAIL_FROM', 'Name <a@b>\r\nBcc: c@d.example'],
  ['APP_NAME', 'Gate<b>house'],
  ['VERIFY_EMAIL_URL', 'https://app.example.com/verify'],
  ['VERIFY_EMAIL_URL', 'javascript:alert({token})'],
  ['RESET_PASSWORD_URL', 'https://app.example.com/a b#{token}'],
  ['APP_URL', 'javascript:alert(1)'],
  ['BRAND_COLOR', 'blue'],
  ['BRAND_COLOR', '#ffee00'],
  ['TLS_KEY_FILE', 'key.pem'],
  ['CORS_ORIGINS', 'https://app.example.com/'],
  ['CORS_ORIGINS', '*'],
  ['TRUST_PROXY', 'loopback'],
  ['TRUST_PROXY', '10.0.0.0/64'],
  ['ACCESS_TOKEN_TTL', '24'],
  ['ACCESS_TOKEN_TTL', '0s'],
  ['PASSWORD_ALGORITHM', 'md5'],
  ['BCRYPT_COST', '17'],
  ['HASH_CONCURRENCY', '0'],
  ['PASSWORD_MIN_SCORE', '5'],
  ['BREACH_CHECK_URL', 'http://range.example.com'],
  ['RATE_LIMITS', 'maybe'],
  ['RATE_LIMIT_REGISTER', '200'],
  ['RATE_LIMIT_REGISTER', '200/1h'],
  ['RATE_LIMIT_REGISTER', '0/1h per IP'],
  ['RATE_LIMIT_REGISTER', '200/soon per IP'],
  ['RATE_LIMIT_REGISTER', '200/1h per IP,'],
  ['RATE_LIMIT_REGISTER', '200/1h per USER'],
  ['RATE_LIMIT_LOGIN', '200/1h per IP+IP'],
  ['RATE_LIMIT_SIGNUP', '200/1h per IP'],
  ['LOG_LEVEL', 'loud'],
])('%s=%s is refused in production', (name, value) => {
  expect(problemsOf({ ...PRODUCTION, [name]: value })).toMatch(/: found /)
})

test.each([
  ['an app deep link', 'VERIFY_EMAIL_URL', 'myapp://verify?token={token}'],
  ['several proxies', 'TRUST_PROXY', '10.0.0.1, 192.168.0.0/16, fd00::/8'],
  ['several origins', 'CORS_ORIGINS', 'https://app.example.com,https://admin.example.com:8443'],
  ['several budgets', 'RATE_LIMIT_LOGIN', '20/15m per IP+EMAIL, 500 / 15m per IP'],
  ['a bare sender', 'MAIL_FROM', 'no-reply@example.com'],
])('%s is accepted', (_what, name, value) => {
  expect(problemsOf({ ...PRODUCTION, [name]: value })).toBe('')
})

test('an empty value is an unset one', () => {
  expect(resolveConfig(readEnvironment({ PORT: '', APP_URL: '' }))).toMatchObject({ port: 4000, appUrl: null })
})

test('each mutation has a variable that replaces its budgets, and each such variable has a mutation', () => {
  const mutations = Object.keys(createSchema({ development: true }).getMutationType()?.getFields() ?? {})
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
