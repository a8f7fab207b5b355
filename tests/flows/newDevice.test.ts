import { type TestApp, codeOf, startTestApp, tokenOf } from '../support/app'
import { DOORS, type LoggedIn, call, me } from '../support/client'
import { SoftwarePasskey } from '../support/passkey'
import { NEW_PASSWORD, PASSWORD, registeredPerson, someone, verifiedPerson } from '../support/people'
import { WebhookReceiver } from '../support/receiver'
import { statementsDuring } from '../support/statements'
import { Authenticator, challengeOf, secure } from '../support/totp'
import { until } from '../support/until'

const DAY = 86_400_000
const HOUR = 3_600_000
const NEW_LOGIN = /New login/
const RESET = /new password/

const FIREFOX = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0'
const CHROME =
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36'
const HOME = { ip: '203.0.113.7', device: FIREFOX }
const ELSEWHERE = { ip: '198.51.100.20', device: CHROME }
type Place = typeof HOME

let app: TestApp
let receiver: WebhookReceiver
beforeAll(async () => {
  receiver = await new WebhookReceiver().start()
  app = await startTestApp({
    env: { ...receiver.environment, LOGIN_CODE: 'on', TRUST_PROXY: '127.0.0.1' },
    periodic: false,
  })
})
afterAll(async () => {
  await app.close()
  await receiver.stop()
})

const sql = (text: string, values: unknown[] = []) => app.app.deps.database.pool.query(text, values)
const at = ({ ip, device }: Place) => ({ headers: { 'x-forwarded-for': ip, 'user-agent': device } })
const reject = (token: string) => call(app.url, 'rejectLogin', { token })
const warnings = (email: string) =>
  app.smtp.mails.filter(({ recipients, parsed }) => recipients.includes(email) && NEW_LOGIN.test(parsed.subject ?? ''))

async function logIn(email: string, place: Place, password = PASSWORD): Promise<LoggedIn> {
  const answer = await call(app.url, 'login', { email, password }, at(place))
  if (answer.code !== 'SUCCESS') throw new Error(answer.text)
  return answer.data as unknown as LoggedIn
}

/** How many of the mails were sent, once none waits. */
async function told(email: string): Promise<number> {
  await until(async () => (await sql('SELECT 1 FROM mails WHERE recipient = $1', [email])).rowCount === 0)
  return warnings(email).length
}

/** An account that is used at home, and the login of somebody elsewhere, with the link of the mail about it. */
async function intruded() {
  const email = await verifiedPerson(app)
  const owner = await logIn(email, HOME)
  const intruder = await logIn(email, ELSEWHERE)
  return { email, owner, intruder, link: tokenOf(await app.mail(email, NEW_LOGIN)) }
}

describe('the owner is told', () => {
  test('of no first login after the registration', async () => {
    const email = await registeredPerson(app)
    await logIn(email, ELSEWHERE)
    expect(await told(email)).toBe(0)
  })

  test.each([
    ['the same device in the same network', HOME],
    ['a newer version of the browser', { ...HOME, device: FIREFOX.replaceAll('140.0', '151.2') }],
    ['another address of the same network', { ...HOME, ip: '203.0.113.200' }],
  ])('not of %s', async (_what, place) => {
    const email = await verifiedPerson(app)
    await logIn(email, HOME)
    await logIn(email, place)
    expect(await told(email)).toBe(0)
  })

  test.each([
    ['another device in the same network', { ...HOME, device: CHROME }],
    ['the same device in another network', { ...HOME, ip: '203.0.114.7' }],
    ['another network of IPv6', { ...HOME, ip: '2001:db8:1::7' }],
    ['a client that names no device', { ...HOME, device: '' }],
  ])('of %s, once', async (_what, place) => {
    const email = await verifiedPerson(app)
    await logIn(email, HOME)
    await logIn(email, place)
    await logIn(email, place)
    expect(await told(email)).toBe(1)
  })

  test('in words of ours: when, by which device, from which address, and not what the client calls itself', async () => {
    const email = await verifiedPerson(app)
    await logIn(email, HOME)
    const advertisement = `${CHROME} visit evil.example`
    await logIn(email, { ...ELSEWHERE, device: advertisement })
    const { parsed } = await app.mail(email, NEW_LOGIN)
    expect(parsed.text).toContain('Chrome · Windows · 198.51.100.20')
    expect(parsed.text).toContain(`${app.config.publicUrl}/reject-login#token=`)
    expect(`${parsed.text ?? ''}${String(parsed.html)}`).not.toMatch(/evil|AppleWebKit/)
  })

  test('again after 90 days in which the account was not seen there', async () => {
    const email = await verifiedPerson(app)
    await logIn(email, HOME)
    app.clock.pass(90 * DAY - HOUR)
    await logIn(email, HOME)
    expect(await told(email)).toBe(0)
    app.clock.pass(90 * DAY)
    await logIn(email, HOME)
    expect(await told(email)).toBe(1)
  })

  test('not where a session went on meanwhile', async () => {
    const email = await verifiedPerson(app)
    let { tokens } = await logIn(email, HOME)
    for (let months = 0; months < 4; months += 1) {
      app.clock.pass(29 * DAY)
      const { data } = await call(app.url, 'refreshSession', { refreshToken: tokens.refreshToken }, at(HOME))
      tokens = (data as unknown as LoggedIn).tokens
    }
    await call(app.url, 'logout', undefined, { token: tokens.accessToken, ...at(HOME) })
    await logIn(email, HOME)
    expect(await told(email)).toBe(0)
  })

  test('five times within an hour; what is beyond is told at its next login', async () => {
    const email = await verifiedPerson(app)
    await logIn(email, HOME)
    const places = Array.from({ length: 8 }, (_, index) => ({ ...HOME, ip: `198.51.${index}.1` }))
    for (const place of places) await logIn(email, place)
    expect(await told(email)).toBe(5)
    const last = places.at(-1) ?? HOME
    await logIn(email, last)
    expect(await told(email)).toBe(5)
    app.clock.pass(HOUR)
    await logIn(email, last)
    expect(await told(email)).toBe(6)
  })

  test('fifty logins of one new device at once are told once', async () => {
    const email = await verifiedPerson(app)
    await logIn(email, HOME)
    await Promise.all(Array.from({ length: 50 }, () => logIn(email, ELSEWHERE)))
    expect(await told(email)).toBe(1)
  })

  test('of a login by a mailed code', async () => {
    const email = await verifiedPerson(app)
    await logIn(email, HOME)
    const { data } = await call(app.url, 'requestLoginCode', { email })
    const code = codeOf(await app.mail(email, /sign-in code/))
    const answer = await call(app.url, 'loginWithCode', { challenge: data.challenge, code }, at(ELSEWHERE))
    expect(answer.code).toBe('SUCCESS')
    expect(await told(email)).toBe(1)
  })

  test('of a login by a passkey', async () => {
    const email = await verifiedPerson(app)
    const { tokens } = await logIn(email, HOME)
    const { accessToken: token } = tokens
    const passkey = new SoftwarePasskey(app.config.publicUrl)
    type Ceremony = { challenge: string; options: Record<string, unknown> }
    const adding = (await call(app.url, 'startPasskeyRegistration', undefined, { token })).data as Ceremony
    const response = passkey.create(adding.options)
    await call(app.url, 'registerPasskey', { challenge: adding.challenge, response }, { token })
    const asking = (await call(app.url, 'startPasskeyLogin')).data as Ceremony
    const proof = { challenge: asking.challenge, response: passkey.get(asking.options) }
    expect((await call(app.url, 'loginWithPasskey', proof, at(ELSEWHERE))).code).toBe('SUCCESS')
    expect(await told(email)).toBe(1)
  })

  test('of a login with a second factor when it begins its session, not before', async () => {
    const email = await verifiedPerson(app)
    const { tokens } = await logIn(email, HOME)
    const { secret } = await secure(app, tokens.accessToken)
    const challenge = await challengeOf(app, email, PASSWORD)
    expect(await told(email)).toBe(0)
    const totp = new Authenticator(secret, app).nextCode()
    expect((await call(app.url, 'verifySecondFactor', { challenge, totp }, at(ELSEWHERE))).code).toBe('SUCCESS')
    expect(await told(email)).toBe(1)
  })
})

test('a login costs no statement for it; a new device costs one, which queues the mail', async () => {
  const email = await verifiedPerson(app)
  await logIn(email, HOME)
  const known = await statementsDuring(() => logIn(email, HOME))
  const about = known.filter((text) => text.includes('known_devices'))
  expect(about).toEqual([expect.stringContaining('INSERT INTO sessions')])
  await told(email)
  const sent = await statementsDuring(() => logIn(email, ELSEWHERE))
  const queued = sent.filter((text) => /known_devices|INTO mails/.test(text))
  expect(queued.slice(0, 2)).toEqual([
    expect.stringContaining('INSERT INTO sessions'),
    expect.stringContaining('INSERT INTO mails'),
  ])
})

describe('rejectLogin', () => {
  test.each(DOORS)('by %s ends the session of that login alone, and starts none', async (_door, ask) => {
    const { email, owner, intruder, link } = await intruded()
    const answer = await ask(app.url, 'rejectLogin', { token: link })
    expect(answer).toMatchObject({ code: 'SUCCESS', data: { email } })
    expect(answer.text).not.toMatch(/eyJ/)
    expect(answer.headers.get('set-cookie')).toBeNull()
    expect((await me(app.url, { token: intruder.tokens.accessToken })).code).toBe('UNAUTHENTICATED')
    expect((await me(app.url, { token: owner.tokens.accessToken })).code).toBe('SUCCESS')
  })

  test('mails a link that sets a new password', async () => {
    const { email, link } = await intruded()
    await reject(link)
    const token = await app.mailedToken(email, RESET)
    expect((await call(app.url, 'confirmReset', { token, password: NEW_PASSWORD })).code).toBe('SUCCESS')
    await logIn(email, HOME, NEW_PASSWORD)
  })

  test('cancels a change of address that the intruder has asked for, and the mailed reset works', async () => {
    const { email, intruder, link } = await intruded()
    const newEmail = someone()
    const asked = { newEmail, password: PASSWORD }
    await call(app.url, 'requestEmailChange', asked, { token: intruder.tokens.accessToken })
    const change = await app.mailedToken(newEmail)
    await reject(link)
    expect((await call(app.url, 'confirmEmailChange', { token: change })).code).toBe('INVALID_TOKEN')
    const token = await app.mailedToken(email, RESET)
    expect((await call(app.url, 'confirmReset', { token, password: NEW_PASSWORD })).code).toBe('SUCCESS')
  })

  test('ends later sessions of the same device as well, and its next login is told again', async () => {
    const { email, link } = await intruded()
    const again = await logIn(email, ELSEWHERE)
    await reject(link)
    expect((await me(app.url, { token: again.tokens.accessToken })).code).toBe('UNAUTHENTICATED')
    await logIn(email, ELSEWHERE)
    expect(await told(email)).toBe(2)
  })

  test('works after the intruder has set another password', async () => {
    const { link, intruder } = await intruded()
    const change = { currentPassword: PASSWORD, newPassword: NEW_PASSWORD }
    const changed = await call(app.url, 'changePassword', change, { token: intruder.tokens.accessToken })
    const { tokens } = changed.data as unknown as LoggedIn
    expect((await reject(link)).code).toBe('SUCCESS')
    expect((await me(app.url, { token: tokens.accessToken })).code).toBe('UNAUTHENTICATED')
  })

  test('fifty uses of one link at once: one wins, and one reset is mailed', async () => {
    const { email, link } = await intruded()
    const answers = await Promise.all(Array.from({ length: 50 }, () => reject(link)))
    const codes = answers.map(({ code }) => code).sort()
    expect(codes).toEqual([...Array<string>(49).fill('INVALID_TOKEN'), 'SUCCESS'])
    await told(email)
    const resets = app.smtp.mails.filter(
      ({ recipients, parsed }) => recipients.includes(email) && RESET.test(parsed.subject ?? ''),
    )
    expect(resets.length).toBe(1)
  })

  test('the link is valid for 7 days', async () => {
    const [one, other] = [await intruded(), await intruded()]
    app.clock.pass(7 * DAY - 60_000)
    expect((await reject(one.link)).code).toBe('SUCCESS')
    app.clock.pass(60_000)
    expect((await reject(other.link)).code).toBe('EXPIRED_TOKEN')
  })

  test.each([
    ['is unknown', () => Promise.resolve('x'.repeat(43))],
    [
      'belongs to an account that was disabled',
      async () => {
        const { link, owner } = await intruded()
        await sql('UPDATE users SET disabled_at = now() WHERE id = $1', [owner.user.id])
        return link
      },
    ],
    [
      'belongs to an account that was deleted',
      async () => {
        const { link, owner } = await intruded()
        const { accessToken: token } = owner.tokens
        expect((await call(app.url, 'deleteAccount', { password: PASSWORD }, { token })).code).toBe('SUCCESS')
        return link
      },
    ],
  ])('a token that %s is refused', async (_what, make) => {
    expect((await reject(await make())).code).toBe('INVALID_TOKEN')
  })

  test('is told to the audit and to webhooks', async () => {
    const { link, owner, intruder } = await intruded()
    await reject(link)
    const { rows } = await sql(
      `SELECT type, details FROM audit_events WHERE user_id = $1 AND type LIKE 'login%' ORDER BY created_at, id`,
      [owner.user.id],
    )
    expect(rows).toEqual([
      { type: 'login_succeeded', details: { sessionId: owner.session.id } },
      { type: 'login_succeeded', details: { sessionId: intruder.session.id, newDevice: true } },
      { type: 'login_rejected', details: { sessions: 1 } },
    ])
    const { event } = await receiver.waitFor(
      ({ event }) => event.type === 'session.ended' && event.data.userId === owner.user.id,
    )
    expect(event.data).toMatchObject({ scope: 'ONE', sessionId: intruder.session.id, reason: 'REVOKED' })
  })
})

test('a change of address that is undone makes the devices since the day before new again', async () => {
  const { email, owner, intruder } = await intruded()
  const aged = "SET created_at = created_at - interval '25 hours' WHERE network = '203.0.113.0/24' AND user_id = $1"
  await sql(`UPDATE known_devices ${aged}`, [owner.user.id])
  app.clock.pass(HOUR)
  const [newEmail, third] = [someone(), { ...ELSEWHERE, ip: '192.0.2.9' }]
  await call(app.url, 'requestEmailChange', { newEmail, password: PASSWORD }, { token: intruder.tokens.accessToken })
  await call(app.url, 'confirmEmailChange', { token: await app.mailedToken(newEmail, /new email/) })
  await logIn(newEmail, third)
  await call(app.url, 'undoEmailChange', { token: await app.mailedToken(email, /was changed/) })
  const { rows } = await sql('SELECT network, is_known FROM known_devices WHERE user_id = $1 ORDER BY created_at', [
    owner.user.id,
  ])
  expect(rows).toEqual([
    { network: '203.0.113.0/24', is_known: true },
    { network: '198.51.100.0/24', is_known: false },
    { network: '192.0.2.0/24', is_known: false },
  ])
})
