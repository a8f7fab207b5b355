import bcrypt from 'bcrypt'
import { decodeJwt, decodeProtectedHeader } from 'jose'
import { type TestApp, startTestApp } from '../support/app'
import { DOORS, type LoggedIn, call, me } from '../support/client'
import { PASSWORD, loggedIn, signedIn, someone, verifiedPerson } from '../support/people'
import { statementsDuring } from '../support/statements'
import { until } from '../support/until'

const DAY = 86_400_000

let app: TestApp
/** The same database, with the other algorithm. */
let argon: TestApp
beforeAll(async () => {
  app = await startTestApp({ bcryptCost: 5 })
  argon = await startTestApp({
    databaseUrl: app.databaseUrl,
    smtp: app.smtp,
    env: { PASSWORD_ALGORITHM: 'argon2id' },
    bcryptCost: 5,
  })
})
afterAll(async () => {
  await argon.close()
  await app.close()
})

test('a login is seven statements beside its rate limits, and wakes no delivery where no webhook is told', async () => {
  const email = await verifiedPerson(app)
  await loggedIn(app, email)
  const sent = await statementsDuring(() => loggedIn(app, email))
  expect(sent.filter((text) => !/rate_limit_counters/.test(text))).toHaveLength(7)
  expect(sent.join('\n')).not.toContain('leased_until')
})

const sql = (text: string, values: unknown[] = []) => app.app.deps.database.pool.query(text, values)
const storedHash = async (email: string) => {
  const { rows } = await sql('SELECT password_hash FROM users WHERE email = $1', [email])
  return (rows[0] as { password_hash: string }).password_hash
}
const unverified = async () => {
  const email = someone()
  await call(app.url, 'register', { email, password: PASSWORD })
  return email
}
const disabled = async () => {
  const email = await verifiedPerson(app)
  await sql('UPDATE users SET disabled_at = now() WHERE email = $1', [email])
  return email
}

describe.each(DOORS)('login by %s', (name, door) => {
  test('the right password opens a session and hands over its tokens', async () => {
    const email = await verifiedPerson(app)
    const headers = { 'user-agent': 'Test\u0009Agent/1.0' }
    const answer = await door(app.url, 'login', { email, password: PASSWORD }, { headers })
    expect(answer).toMatchObject({ code: 'SUCCESS', status: 200 })
    expect(answer.headers.get('cache-control')).toBe('no-store')
    expect(answer.headers.get('set-cookie')).toBeNull()
    const { user, session, tokens } = answer.data as unknown as LoggedIn
    expect(user).toMatchObject({ email, emailVerified: true, displayName: null, locale: 'en' })
    expect(session).toMatchObject({ current: true, ipAddress: '127.0.0.1', userAgent: 'Test Agent/1.0' })
    expect(tokens.refreshToken).toMatch(/^[\w-]{43}$/)
    expect(session.expiresAt).toBe(tokens.refreshTokenExpiresAt)
    expect(await me(app.url, { token: tokens.accessToken })).toMatchObject({ code: 'SUCCESS', data: { email } })
  })

  test.each([
    ['UTF-8', Buffer.from('Möwe/1.0 (東京)').toString('latin1'), 'Möwe/1.0 (東京)'],
    ['Latin-1', 'M\xf6we/1.0', 'Möwe/1.0'],
    [
      'longer than what is stored',
      Buffer.from(`x${'🐙'.repeat(300)}`).toString('latin1'),
      `x${'🐙'.repeat(255)}\ufffd`,
    ],
  ])('a user agent is stored as its client wrote it: %s', async (_what, sent, stored) => {
    const email = await verifiedPerson(app)
    const answer = await door(app.url, 'login', { email, password: PASSWORD }, { headers: { 'user-agent': sent } })
    expect(answer.data).toMatchObject({ session: { userAgent: stored } })
  })

  test.each([
    ['an unknown address', () => Promise.resolve(someone()), PASSWORD],
    ['a wrong password', () => verifiedPerson(app), 'another tractor seven moons'],
    ['a disabled account', disabled, PASSWORD],
    ['an unverified account and a wrong password', unverified, 'another tractor seven moons'],
  ])('%s: the same refusal', async (_what, make, password) => {
    const answer = await door(app.url, 'login', { email: await make(), password })
    const reference = await door(app.url, 'login', { email: someone(), password: PASSWORD })
    expect(answer).toMatchObject({ code: 'INVALID_CREDENTIALS', status: name === 'REST' ? 401 : 200 })
    expect(answer.text).toBe(reference.text)
    expect([...answer.headers.keys()]).toEqual([...reference.headers.keys()])
  })

  test('EMAIL_NOT_VERIFIED requires the right password, and returns no tokens', async () => {
    const answer = await door(app.url, 'login', { email: await unverified(), password: PASSWORD })
    expect(answer).toMatchObject({ code: 'EMAIL_NOT_VERIFIED', status: name === 'REST' ? 403 : 200 })
    expect(answer.text).not.toMatch(/token/i)
    expect(answer.headers.get('set-cookie')).toBeNull()
  })

  test('what cannot be an address or a password is named', async () => {
    const answer = await door(app.url, 'login', { email: 'none', password: '' })
    expect(answer).toMatchObject({
      code: 'INVALID_INPUT',
      data: {
        fields: [
          { field: 'email', code: 'INVALID_FORMAT' },
          { field: 'password', code: 'REQUIRED' },
        ],
      },
    })
  })

  test.each([{ contains: '' }, ['a'], 5, true, null])('a password of another type is refused: %j', async (password) => {
    const answer = await door(app.url, 'login', { email: someone(), password })
    expect(answer).toMatchObject({ code: 'BAD_USER_INPUT', status: 400 })
  })

  test('undeclared fields are refused', async () => {
    const answer = await door(app.url, 'login', { email: someone(), password: PASSWORD, emailVerified: true })
    expect(answer.status).toBe(400)
  })
})

test('every login makes a session of its own', async () => {
  const first = await signedIn(app)
  const second = await loggedIn(app, first.email)
  expect(second.session.id).not.toBe(first.session.id)
  for (const { tokens } of [first, second]) {
    expect(await me(app.url, { token: tokens.accessToken })).toMatchObject({ code: 'SUCCESS' })
  }
})

/** A verified account, and a registration that somebody else made for its address. */
const claimed = async () => {
  const email = await verifiedPerson(app)
  await call(app.url, 'register', { email, password: CLAIMED })
  return email
}
/** An unverified account with registrations of two people. */
const contested = async () => {
  const email = await unverified()
  await call(app.url, 'register', { email, password: CLAIMED })
  return email
}
const CLAIMED = 'silver anchor five meadows'

test('whatever fails costs two hashes, and a success one', async () => {
  const { metrics } = app.app.deps
  const hashes = async () => {
    const { values } = await metrics.hashDuration.get()
    return values.find(({ metricName }) => metricName?.endsWith('_count'))?.value ?? 0
  }
  const cost = async (email: string, password: string) => {
    const before = await hashes()
    const { code } = await call(app.url, 'login', { email, password })
    return [code, (await hashes()) - before]
  }
  const wrong = 'another tractor seven moons'
  for (const make of [() => Promise.resolve(someone()), () => verifiedPerson(app), disabled, unverified, claimed]) {
    expect(await cost(await make(), wrong)).toEqual(['INVALID_CREDENTIALS', 2])
  }
  expect(await cost(await disabled(), PASSWORD)).toEqual(['INVALID_CREDENTIALS', 2])
  expect(await cost(await unverified(), PASSWORD)).toEqual(['EMAIL_NOT_VERIFIED', 2])
  expect(await cost(await claimed(), CLAIMED)).toEqual(['EMAIL_NOT_VERIFIED', 2])
  expect(await cost(await claimed(), PASSWORD)).toEqual(['SUCCESS', 1])
})

test('registering and then logging in tells nobody whether the address has an account', async () => {
  const register = (email: string, password = CLAIMED) => call(app.url, 'register', { email, password })
  const answers: string[] = []
  for (const make of [() => Promise.resolve(someone()), unverified, () => verifiedPerson(app), disabled]) {
    const email = await make()
    const registered = await register(email)
    const loggedIn = await call(app.url, 'login', { email, password: CLAIMED })
    const guessed = await call(app.url, 'login', { email, password: 'another tractor seven moons' })
    answers.push([registered, loggedIn, guessed].map(({ text }) => text.replace(email, '')).join('\n'))
  }
  expect(answers[0]).toContain('EMAIL_NOT_VERIFIED')
  expect(new Set(answers).size).toBe(1)
})

test('of several registrations it is the newest whose password is told from a wrong one', async () => {
  const email = await contested()
  expect((await call(app.url, 'login', { email, password: CLAIMED })).code).toBe('EMAIL_NOT_VERIFIED')
  expect((await call(app.url, 'login', { email, password: PASSWORD })).code).toBe('INVALID_CREDENTIALS')
})

test('an access token holds ids and times, and nothing of the person', async () => {
  const { user, session, tokens } = await signedIn(app)
  const claims = decodeJwt(tokens.accessToken)
  expect(Object.keys(claims).sort()).toEqual(['aud', 'exp', 'iat', 'iss', 'jti', 'sid', 'sub'])
  const { publicUrl } = app.config
  expect(claims).toMatchObject({ iss: publicUrl, aud: publicUrl, sub: user.id, sid: session.id })
  expect((claims.exp ?? 0) - (claims.iat ?? 0)).toBe(DAY / 1000)
  expect(decodeProtectedHeader(tokens.accessToken)).toEqual({
    alg: 'ES256',
    typ: 'at+jwt',
    kid: expect.any(String) as string,
  })
})

test('neither refresh token nor password stands in the database', async () => {
  const { tokens } = await signedIn(app)
  const { rows } = await sql('SELECT s::text AS row FROM sessions s UNION ALL SELECT u::text FROM users u')
  const dump = rows.map(({ row }: { row: string }) => row).join('\n')
  expect(dump).not.toContain(tokens.refreshToken)
  expect(dump).not.toContain(Buffer.from(tokens.refreshToken ?? '', 'base64url').toString('hex'))
  expect(dump).not.toContain(PASSWORD)
})

test('a password of 400 days ago still logs in', async () => {
  const email = await verifiedPerson(app)
  await sql(`UPDATE users SET password_changed_at = now() - interval '400 days' WHERE email = $1`, [email])
  expect(await call(app.url, 'login', { email, password: PASSWORD })).toMatchObject({ code: 'SUCCESS' })
})

describe('a hash that is behind the times is replaced at the next login', () => {
  test.each([
    ['bcrypt of a lower cost, to the configured one', () => app, () => bcrypt.hash(PASSWORD, 4), /^\$2b\$05\$/],
    [
      'bcrypt as PHP writes it',
      () => app,
      async () => (await bcrypt.hash(PASSWORD, 9)).replace('$2b', '$2y'),
      /^\$2b\$05\$/,
    ],
    ['bcrypt, to argon2id', () => argon, () => bcrypt.hash(PASSWORD, 5), /^\$argon2id\$v=19\$m=19456,t=2,p=1\$/],
  ])('%s', async (_what, on, hash, expected) => {
    const email = await verifiedPerson(app)
    await sql('UPDATE users SET password_hash = $2 WHERE email = $1', [email, await hash()])
    await loggedIn(on(), email)
    const replaced = await storedHash(email)
    expect(replaced).toMatch(expected)
    await loggedIn(on(), email)
    expect(await storedHash(email)).toBe(replaced)
  })

  test('argon2id, to bcrypt, and sessions go on', async () => {
    const email = await verifiedPerson(app)
    await loggedIn(argon, email)
    expect(await storedHash(email)).toMatch(/^\$argon2id\$/)
    const { tokens } = await loggedIn(argon, email)
    await loggedIn(app, email)
    expect(await storedHash(email)).toMatch(/^\$2b\$05\$/)
    expect(await me(argon.url, { token: tokens.accessToken })).toMatchObject({ code: 'SUCCESS' })
  })

  test('not by a wrong password', async () => {
    const email = await verifiedPerson(app)
    const before = await bcrypt.hash(PASSWORD, 4)
    await sql('UPDATE users SET password_hash = $2 WHERE email = $1', [email, before])
    await call(app.url, 'login', { email, password: 'another tractor seven moons' })
    expect(await storedHash(email)).toBe(before)
  })
})

test('fifty wrong and one right password at once: the right one logs in', async () => {
  const email = await verifiedPerson(app)
  const wrong = Array.from({ length: 50 }, (_, index) =>
    call(app.url, 'login', { email, password: `wrong tractor ${index} moons` }),
  )
  const right = call(app.url, 'login', { email, password: PASSWORD })
  expect((await Promise.all(wrong)).map(({ code }) => code)).toEqual(Array(50).fill('INVALID_CREDENTIALS'))
  expect(await right).toMatchObject({ code: 'SUCCESS' })
})

test('a user has a hundred live sessions at most: the least recently used gives way', async () => {
  const oldest = await signedIn(app)
  const second = await loggedIn(app, oldest.email)
  await sql(
    `INSERT INTO sessions (user_id, refresh_token_hash, created_at, last_seen_at, expires_at)
     SELECT $1, sha256(('filler' || n)::bytea), $2::timestamptz, $2, $2::timestamptz + interval '30 days' FROM generate_series(1, 98) n`,
    [oldest.user.id, app.clock.now()],
  )
  app.clock.pass(2 * 60_000)
  await me(app.url, { token: oldest.tokens.accessToken }) // used again: the second is now the one that was not
  await until(async () => {
    const { rows } = await sql('SELECT last_seen_at > created_at AS seen FROM sessions WHERE id = $1', [
      oldest.session.id,
    ])
    return (rows[0] as { seen: boolean }).seen
  })
  await loggedIn(app, oldest.email)
  const { rows } = await sql('SELECT count(*)::int AS live FROM sessions WHERE user_id = $1 AND revoked_at IS NULL', [
    oldest.user.id,
  ])
  expect(rows).toEqual([{ live: 100 }])
  expect(await me(app.url, { token: oldest.tokens.accessToken })).toMatchObject({ code: 'SUCCESS' })
  expect(await me(app.url, { token: second.tokens.accessToken })).toMatchObject({ code: 'UNAUTHENTICATED' })
})
