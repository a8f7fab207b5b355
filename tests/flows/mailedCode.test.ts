import { createHash } from 'node:crypto'
import { decodeJwt } from 'jose'
import { Pool } from 'pg'
import { mailedCode } from '../../src/crypto/mailedCode'
import { digest } from '../../src/crypto/opaqueToken'
import { deriveSecrets } from '../../src/crypto/secrets'
import { type TestApp, codeOf, startTestApp, tokenOf } from '../support/app'
import { type Answer, DOORS, type LoggedIn, call, me, post } from '../support/client'
import { NEW_PASSWORD, PASSWORD, signedIn, someone, verifiedPerson } from '../support/people'
import { dumpTables } from '../support/tables'
import { secured } from '../support/totp'
import { until } from '../support/until'

const MINUTE = 60_000

let app: TestApp
/** Another instance on the same database. */
let twin: TestApp
/** A service where an unknown address may sign up by a code, and where subjects contain the code. */
let open: TestApp
let pool: Pool
beforeAll(async () => {
  app = await startTestApp({ env: { LOGIN_CODE: 'on' } })
  twin = await startTestApp({
    env: { LOGIN_CODE: 'on', PUBLIC_URL: app.config.publicUrl },
    ...{ databaseUrl: app.databaseUrl, smtp: app.smtp, clock: app.clock },
  })
  open = await startTestApp({ env: { LOGIN_CODE: 'on', SIGN_UP_BY_CODE: 'on', LOGIN_CODE_IN_SUBJECT: 'on' } })
  pool = new Pool({ connectionString: app.databaseUrl, max: 4 })
})
afterAll(async () => {
  await pool.end()
  await open.close()
  await twin.close()
  await app.close()
})

const SIGN_IN = /sign-in code/
const CONFIRM = /Confirm/
const wrong = (code: string) => code.replace(/^\d/, (digit) => String((Number(digit) + 1) % 10))

interface Asked {
  challenge: string
  code: string
}

/** Asks for a code to log in with, and reads the mail. */
async function asked(email: string, service = app): Promise<Asked> {
  const { data } = await call(service.url, 'requestLoginCode', { email })
  return { challenge: String(data.challenge), code: codeOf(await service.mail(email, SIGN_IN)) }
}

/** The challenge that a mutation answers beside what the REST routes have of it. */
async function challengeFrom(name: 'register' | 'resendVerification', input: object): Promise<string> {
  const type = name === 'register' ? 'Register' : 'ResendVerification'
  const query = `mutation ($input: ${type}Input!) { ${name}(input: $input) { ... on ${type}Success { challenge } } }`
  const body = (await (await post(app.url, { query, variables: { input } })).json()) as {
    data: Record<string, { challenge: string }>
  }
  return body.data[name]?.challenge ?? ''
}

/** Registers, and reads the mail of this registration. */
async function registered(email: string, password = PASSWORD): Promise<Asked & { token: string }> {
  const before = app.smtp.mails.length
  const challenge = await challengeFrom('register', { email, password })
  const mail = await app.smtp.until(() =>
    app.smtp.mails
      .slice(before)
      .find(({ recipients, parsed }) => recipients.includes(email) && CONFIRM.test(parsed.subject ?? '')),
  )
  return { challenge, code: codeOf(mail), token: tokenOf(mail) }
}

const logIn = ({ challenge, code }: Asked, url = app.url): Promise<Answer> =>
  call(url, 'loginWithCode', { challenge, code })
const verify = ({ challenge, code }: Asked, url = app.url): Promise<Answer> =>
  call(url, 'verifyEmailByCode', { challenge, code })
const passwordWorks = async (email: string, password: string) =>
  (await call(app.url, 'login', { email, password })).code === 'SUCCESS'

describe('the mail of a login code', () => {
  const textOf = async (userAgent: string, { locale = 'en', subject = SIGN_IN } = {}) => {
    const email = await verifiedPerson(app)
    await pool.query('UPDATE users SET locale = $2 WHERE email = $1', [email, locale])
    await call(app.url, 'requestLoginCode', { email }, { headers: { 'user-agent': userAgent } })
    return ((await app.mail(email, subject)).parsed.text ?? '').replaceAll('\n', ' ')
  }
  const FIREFOX = 'Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:128.0) Gecko/20100101 Firefox/128.0'

  test('names when it was asked for, and by which device', async () => {
    expect(await textOf(FIREFOX)).toMatch(
      /It was asked for on \w+ \d+, \d{4} at \d\d:\d\d UTC\. Device: Firefox · Windows\./,
    )
    expect(await textOf(FIREFOX, { locale: 'de', subject: /./ })).toMatch(/Gerät: Firefox · Windows\./)
  })

  test('repeats nothing of a User-Agent that names no device: whoever asks chooses it', async () => {
    const text = await textOf('Call +1 555 0100 at http://evil.example')
    expect(text).toContain('Device: unknown.')
    expect(text).not.toMatch(/555|evil/)
  })
})

describe('a login by a mailed code', () => {
  test.each(DOORS)('starts a session of level 1 for the client that holds the challenge (%s)', async (_name, door) => {
    const email = await verifiedPerson(app)
    const requested = await door(app.url, 'requestLoginCode', { email })
    expect(requested.data).toEqual({
      ...{ email, challenge: expect.stringMatching(/^[\w-]{43}$/) as string, expiresAt: expect.any(String) as string },
    })
    const code = codeOf(await app.mail(email, SIGN_IN))
    const answer = await door(app.url, 'loginWithCode', { challenge: requested.data.challenge, code })
    expect(answer.code).toBe('SUCCESS')
    const { session, tokens } = answer.data as unknown as LoggedIn
    expect(session).toMatchObject({ assuranceLevel: 1, current: true })
    expect((await me(app.url, { token: tokens.accessToken })).data).toMatchObject({ email })
    const { rows } = await pool.query<{ amr: string[] }>('SELECT amr FROM sessions WHERE id = $1', [session.id])
    expect(rows).toEqual([{ amr: ['otp'] }])
  })

  test('its access token has no claim that the release before refuses', async () => {
    const { data } = await logIn(await asked(await verifiedPerson(app)))
    const claims = decodeJwt((data as unknown as LoggedIn).tokens.accessToken)
    expect(Object.keys(claims).sort()).toEqual(['aud', 'exp', 'iat', 'iss', 'jti', 'sid', 'sub'])
  })

  test('gives a browser the refresh token as a cookie', async () => {
    const { challenge, code } = await asked(await verifiedPerson(app))
    const answer = await call(app.url, 'loginWithCode', { challenge, code, transport: 'COOKIE' })
    expect(answer.headers.get('set-cookie')).toMatch(/gatehouse_refresh=.+HttpOnly/)
    expect(answer.data).toMatchObject({ tokens: { refreshToken: null } })
  })

  test('the code may be typed with blanks and hyphens; letters and seven digits are refused before an attempt counts', async () => {
    const { challenge, code } = await asked(await verifiedPerson(app))
    const [first, second] = code.split(' ')
    for (const malformed of ['', 'abcdefgh', '1234567', '123456789', '１２３４５６７８']) {
      for (let n = 0; n < 2; n += 1) {
        const answer = await logIn({ challenge, code: malformed })
        expect(answer.data).toMatchObject({
          code: 'INVALID_INPUT',
          fields: [{ field: 'code', code: 'INVALID_FORMAT' }],
        })
      }
    }
    expect((await logIn({ challenge, code: ` ${first ?? ''}-${second ?? ''} ` })).code).toBe('SUCCESS')
  })

  test('works once', async () => {
    const input = await asked(await verifiedPerson(app))
    expect((await logIn(input)).code).toBe('SUCCESS')
    expect((await logIn(input)).code).toBe('INVALID_TOKEN')
  })

  test('after ten minutes the challenge has expired, and its code is mailed no more', async () => {
    const input = await asked(await verifiedPerson(app))
    app.clock.pass(10 * MINUTE)
    expect((await logIn(input)).code).toBe('EXPIRED_TOKEN')
  })

  test.each(['', 'x', 'A'.repeat(43)])('the challenge %j is answered like any that is not ours', async (challenge) => {
    expect((await logIn({ challenge, code: '12345678' })).code).toBe('INVALID_TOKEN')
  })

  test('the code of one challenge is wrong for another, and asking again leaves the first one valid', async () => {
    const email = await verifiedPerson(app)
    const first = await asked(email)
    const stranger = await call(app.url, 'requestLoginCode', { email })
    const answer = await logIn({ challenge: String(stranger.data.challenge), code: first.code })
    expect(answer.data).toMatchObject({
      code: 'INVALID_CREDENTIALS',
      message: expect.stringContaining('mail') as string,
    })
    expect((await logIn(first)).code).toBe('SUCCESS')
  })

  test('a challenge of a registration logs nobody in, and one of a login verifies nothing', async () => {
    const claim = await registered(someone())
    expect((await logIn(claim)).code).toBe('INVALID_TOKEN')
    expect((await verify(await asked(await verifiedPerson(app)))).code).toBe('INVALID_TOKEN')
  })

  test.each(['reset', 'changed password'])('a %s invalidates the codes that were mailed before', async (what) => {
    const { email, tokens } = await signedIn(app)
    const input = await asked(email)
    if (what === 'reset') {
      await call(app.url, 'requestReset', { email })
      const token = await app.mailedToken(email, /new password/)
      expect((await call(app.url, 'confirmReset', { token, password: NEW_PASSWORD })).code).toBe('SUCCESS')
    } else {
      const change = { currentPassword: PASSWORD, newPassword: NEW_PASSWORD }
      await call(app.url, 'changePassword', change, { token: tokens.accessToken })
    }
    expect((await logIn(input)).code).toBe('INVALID_CREDENTIALS')
  })

  test('a disabled account and one whose address has changed get no session', async () => {
    const email = await verifiedPerson(app)
    const input = await asked(email)
    await pool.query('UPDATE users SET disabled_at = now() WHERE email = $1', [email])
    expect((await logIn(input)).code).toBe('INVALID_CREDENTIALS')
  })

  test('an account with a second factor is asked for it', async () => {
    const person = await secured(app)
    const answer = await logIn(await asked(person.email))
    expect(answer.code).toBe('SECOND_FACTOR_REQUIRED')
    const { challenge } = answer.data
    const second = await call(app.url, 'verifySecondFactor', { challenge, totp: person.authenticator.nextCode() })
    expect(second.data).toMatchObject({ session: { assuranceLevel: 2 } })
  })

  test('is recorded, with the way, and the account names both ways in', async () => {
    const email = await verifiedPerson(app)
    const { data } = await logIn(await asked(email))
    const token = (data as unknown as LoggedIn).tokens.accessToken
    const { rows } = await pool.query(
      `SELECT details FROM audit_events e JOIN users u ON u.id = e.user_id WHERE u.email = $1 AND type = 'login_succeeded'`,
      [email],
    )
    expect(rows).toEqual([{ details: { way: 'MAILED_CODE', sessionId: expect.any(String) as string } }])
    const answer = (await (await post(app.url, { query: '{ me { waysIn } }' }, { token })).json()) as object
    expect(answer).toEqual({ data: { me: { waysIn: ['PASSWORD', 'MAILED_CODE'] } } })
  })
})

describe('whether an address has an account', () => {
  test('five wrong codes each, then INVALID_TOKEN, for known, unknown and unverified addresses alike', async () => {
    const unverified = someone()
    await call(app.url, 'register', { email: unverified, password: PASSWORD })
    for (const email of [await verifiedPerson(app), someone(), unverified]) {
      const { data, code, status } = await call(app.url, 'requestLoginCode', { email })
      expect({ code, status, fields: Object.keys(data) }).toEqual({
        ...{ code: 'SUCCESS', status: 200, fields: ['email', 'challenge', 'expiresAt'] },
      })
      const input = { challenge: String(data.challenge), code: '0000 0000' }
      const codes: string[] = []
      for (let n = 0; n < 6; n += 1) codes.push((await logIn(input)).code)
      expect(codes).toEqual([...Array<string>(5).fill('INVALID_CREDENTIALS'), 'INVALID_TOKEN'])
    }
  })

  test('an unknown address gets no mail', async () => {
    const [unknown, known] = [someone(), await verifiedPerson(app)]
    await call(app.url, 'requestLoginCode', { email: unknown })
    await asked(known)
    const { rows } = await pool.query('SELECT 1 FROM mails WHERE recipient = $1', [unknown])
    expect(rows).toEqual([])
    expect(app.smtp.attempts).not.toContain(unknown)
  })

  test('a code that was never mailed counts for nothing: the quota of mails bounds the guesses', async () => {
    const email = await verifiedPerson(app)
    for (let n = 0; n < 5; n += 1) await call(app.url, 'requestLoginCode', { email })
    const isDecided = () =>
      until(async () => {
        const { rows } = await pool.query('SELECT 1 FROM mails WHERE recipient = $1', [email])
        return rows.length === 0
      }, 'the mails are sent or skipped')
    await isDecided() // mails of one address are sent in parallel: the sixth must come after the five of the quota
    const { data } = await call(app.url, 'requestLoginCode', { email })
    await isDecided()
    const secrets = deriveSecrets(app.config.secret ?? '', null)
    const { rows } = await pool.query<{ id: string }>('SELECT id FROM challenges WHERE token_hash = $1', [
      digest(String(data.challenge)),
    ])
    const code = mailedCode(secrets, rows[0]?.id ?? '')
    expect((await logIn({ challenge: String(data.challenge), code })).code).toBe('INVALID_CREDENTIALS')
  })

  test('the challenge of a registration of a taken address never succeeds, and answers like any other', async () => {
    const email = await verifiedPerson(app)
    const challenge = await challengeFrom('register', { email, password: NEW_PASSWORD })
    const input = { challenge, code: '00000000' }
    const codes: string[] = []
    for (let n = 0; n < 6; n += 1) codes.push((await verify(input)).code)
    expect(codes).toEqual([...Array<string>(5).fill('INVALID_CREDENTIALS'), 'INVALID_TOKEN'])
    expect(await passwordWorks(email, NEW_PASSWORD)).toBe(false)
  })

  test('what its owner does is not told by the challenges of others', async () => {
    const email = someone()
    const own = await registered(email)
    const challenge = await challengeFrom('register', { email, password: NEW_PASSWORD })
    const foreign = { challenge, code: '00000000' }
    const loginOfStranger = await call(app.url, 'requestLoginCode', { email })
    expect((await verify(own)).code).toBe('SUCCESS')
    expect((await verify(foreign)).code).toBe('INVALID_CREDENTIALS')
    const token = (await call(app.url, 'login', { email, password: PASSWORD })).data as unknown as LoggedIn
    await call(app.url, 'deleteAccount', { password: PASSWORD }, { token: token.tokens.accessToken })
    expect((await verify(foreign)).code).toBe('INVALID_CREDENTIALS')
    const input = { challenge: String(loginOfStranger.data.challenge), code: '00000000' }
    expect((await logIn(input)).code).toBe('INVALID_CREDENTIALS')
  })
})

describe('a code to an address that is not verified', () => {
  test('verifies it, and no password of any registration counts', async () => {
    const email = someone()
    await registered(email)
    const { data, code } = await logIn(await asked(email))
    expect(code).toBe('SUCCESS')
    expect(data).toMatchObject({ user: { email, emailVerified: true } })
    const { rows } = await pool.query<{ type: string }>(
      `SELECT type FROM audit_events e JOIN users u ON u.id = e.user_id WHERE u.email = $1 ORDER BY e.created_at, e.id`,
      [email],
    )
    expect(rows.map(({ type }) => type)).toEqual(['registration_requested', 'email_verified', 'login_succeeded'])
    expect(await passwordWorks(email, PASSWORD)).toBe(false)
  })

  test('without an account behind it opens one only if that is configured', async () => {
    const email = someone()
    const { data, code } = await logIn(await asked(email, open), open.url)
    expect(code).toBe('SUCCESS')
    expect(data).toMatchObject({ user: { email, emailVerified: true, displayName: null } })
    expect((await open.mail(email)).parsed.subject).toMatch(/^\d{4} \d{4} is your sign-in code/)
  })

  test('of fifty such sign-ups at once one account remains, and each client its session', async () => {
    const email = someone()
    const challenges = await Promise.all(
      Array.from({ length: 5 }, async () =>
        String((await call(open.url, 'requestLoginCode', { email })).data.challenge),
      ),
    )
    const codes = await open.smtp.until(() => {
      const mails = open.smtp.mails.filter(({ recipients }) => recipients.includes(email))
      return mails.length === 5 ? mails.map(codeOf) : undefined
    })
    const tries = challenges.flatMap((challenge) => codes.map((code) => logIn({ challenge, code }, open.url)))
    const answers = await Promise.all(tries)
    expect(answers.filter(({ code }) => code === 'SUCCESS')).toHaveLength(5)
    const ids = new Set(answers.map(({ data }) => (data as { user?: { id: string } }).user?.id).filter(Boolean))
    expect(ids.size).toBe(1)
  })
})

describe('the code of the verification mail', () => {
  test.each(DOORS)(
    'verifies the registration of the client that holds the challenge, and logs nobody in (%s)',
    async (_name, door) => {
      const email = someone()
      const { challenge, code } = await registered(email)
      const answer = await door(app.url, 'verifyEmailByCode', { challenge, code })
      expect(answer.data).toEqual({ email, resetToken: null })
      expect(answer.text).not.toMatch(/accessToken|eyJ/)
      expect(await passwordWorks(email, PASSWORD)).toBe(true)
    },
  )

  test.each([
    ['first', [PASSWORD, NEW_PASSWORD]],
    ['second', [NEW_PASSWORD, PASSWORD]],
  ])(
    'of two browsers that registered one address, the %s activates its own password',
    async (which, [winner, loser]) => {
      const email = someone()
      const one = await registered(email, PASSWORD)
      const two = await registered(email, NEW_PASSWORD)
      expect(one.code).not.toBe(two.code)
      const [own, others] = which === 'first' ? [one, two] : [two, one]
      expect((await verify({ challenge: own.challenge, code: others.code })).code).toBe('INVALID_CREDENTIALS')
      expect((await verify(own)).data).toEqual({ email, resetToken: null })
      expect(await passwordWorks(email, winner ?? '')).toBe(true)
      expect(await passwordWorks(email, loser ?? '')).toBe(false)
      expect((await verify(others)).code).toBe('INVALID_CREDENTIALS')
      expect((await call(app.url, 'verifyEmail', { token: others.token })).code).toBe('INVALID_TOKEN')
      expect((await call(app.url, 'verifyEmail', { token: own.token })).code).toBe('SUCCESS')
    },
  )

  test('a code that was asked for again does what the link does: of several registrations none counts', async () => {
    const email = someone()
    await registered(email, PASSWORD)
    await registered(email, NEW_PASSWORD)
    const before = app.smtp.mails.length
    const challenge = await challengeFrom('resendVerification', { email })
    const mail = await app.smtp.until(() =>
      app.smtp.mails.slice(before).find(({ recipients }) => recipients.includes(email)),
    )
    const answer = await verify({ challenge, code: codeOf(mail) })
    expect(answer.data).toEqual({ email, resetToken: expect.stringMatching(/^[\w-]{43}$/) as string })
    const reset = { token: answer.data.resetToken, password: 'silver harbour nine clouds' }
    expect((await call(app.url, 'confirmReset', reset)).code).toBe('SUCCESS')
    expect(await passwordWorks(email, reset.password)).toBe(true)
  })

  test('asked for again, with one registration, it activates that one', async () => {
    const email = someone()
    await registered(email)
    const before = app.smtp.mails.length
    const challenge = await challengeFrom('resendVerification', { email })
    const mail = await app.smtp.until(() =>
      app.smtp.mails.slice(before).find(({ recipients }) => recipients.includes(email)),
    )
    expect((await verify({ challenge, code: codeOf(mail) })).data).toEqual({
      email,
      resetToken: null,
    })
    expect(await passwordWorks(email, PASSWORD)).toBe(true)
  })
})

describe('races on two instances', () => {
  test('of fifty guesses on one challenge five are judged, and the right code among them afterwards fails', async () => {
    const input = await asked(await verifiedPerson(app))
    const guesses = Array.from({ length: 50 }, (_, n) =>
      logIn({ ...input, code: wrong(input.code) }, n % 2 ? app.url : twin.url),
    )
    const codes = (await Promise.all(guesses)).map(({ code }) => code)
    expect(codes.filter((code) => code === 'INVALID_CREDENTIALS')).toHaveLength(5)
    expect(codes.filter((code) => code === 'INVALID_TOKEN')).toHaveLength(45)
    expect((await logIn(input)).code).toBe('INVALID_TOKEN')
  })

  test('of fifty uses of the right code one starts a session', async () => {
    const email = await verifiedPerson(app)
    const input = await asked(email)
    const uses = await Promise.all(Array.from({ length: 50 }, (_, n) => logIn(input, n % 2 ? app.url : twin.url)))
    expect(uses.filter(({ code }) => code === 'SUCCESS')).toHaveLength(1)
    expect(uses.filter(({ code }) => code === 'INVALID_TOKEN')).toHaveLength(49)
    const { rows } = await pool.query('SELECT 1 FROM sessions s JOIN users u ON u.id = s.user_id WHERE u.email = $1', [
      email,
    ])
    expect(rows).toHaveLength(1)
  })

  test('of fifty uses of the code of a registration one verifies', async () => {
    const input = await registered(someone())
    const uses = await Promise.all(Array.from({ length: 50 }, (_, n) => verify(input, n % 2 ? app.url : twin.url)))
    expect(uses.filter(({ code }) => code === 'SUCCESS')).toHaveLength(1)
  })
})

describe('what is stored', () => {
  test('no code, no digest of one and no challenge, in any encoding', async () => {
    const [login, claim] = [await asked(await verifiedPerson(app)), await registered(someone())]
    const forms = [login, claim].flatMap(({ challenge, code }) => {
      const digits = code.replace(' ', '')
      const digests = ['sha256', 'sha224', 'sha1', 'md5'].map((name) => createHash(name).update(digits).digest())
      return [
        ...[code, digits, challenge].flatMap((text) => [text, Buffer.from(text).toString('hex')]),
        ...[...digests, Buffer.from(challenge, 'base64url')].flatMap((raw) => [
          raw.toString('hex'),
          raw.toString('base64'),
        ]),
      ]
    })
    const dump = await dumpTables(pool)
    expect(forms.filter((form) => dump.includes(form))).toEqual([])
    const log = JSON.stringify(app.log)
    expect(forms.filter((form) => log.includes(form))).toEqual([])
  })

  test('the address of a challenge goes with its account', async () => {
    const { email, tokens } = await signedIn(app)
    await asked(email)
    await call(app.url, 'resendVerification', { email })
    await call(app.url, 'deleteAccount', { password: PASSWORD }, { token: tokens.accessToken })
    const { rows } = await pool.query('SELECT 1 FROM challenges WHERE email = $1', [email])
    expect(rows).toEqual([])
  })
})
