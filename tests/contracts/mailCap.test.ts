import { type TestApp, startTestApp } from '../support/app'
import { eventually, from, someAddress } from '../support/budgets'
import { type Answer, call } from '../support/client'
import { PASSWORD, signedIn, someone, verifiedPerson } from '../support/people'

const HOUR = 3_600_000

afterEach(() => jest.restoreAllMocks())

/** Time as counters see it, moved on. */
function moveOn(milliseconds: number): void {
  const now = Date.now.bind(Date)
  jest.spyOn(Date, 'now').mockImplementation(() => now() + milliseconds)
}

// The cap protects the mailboxes of others: switching the budgets off does not lift it.
describe.each(['on', 'off'])('with RATE_LIMITS=%s', (budgets) => {
  let app: TestApp
  beforeAll(async () => {
    app = await startTestApp({ env: { RATE_LIMITS: budgets, TRUST_PROXY: '127.0.0.1' } })
  })
  afterAll(() => app.close())

  const ask = (name: string, email: string) => call(app.url, name, { email }, from(someAddress()))
  const register = (email: string, password = PASSWORD) =>
    call(app.url, 'register', { email, password }, from(someAddress()))

  /** Mails that reached an address, once nothing waits any more. */
  async function mailsTo(email: string): Promise<number> {
    const { pool } = app.app.deps.database
    await eventually(async () => (await pool.query('SELECT 1 FROM mails LIMIT 1')).rows.length === 0)
    return app.smtp.mails.filter(({ recipients }) => recipients.includes(email)).length
  }

  test('an address gets five mails an hour over all kinds; beyond, the answer is the same', async () => {
    const email = someone()
    const registered = await register(email)
    const resent = await ask('resendVerification', email)
    const reset = await ask('requestReset', email)
    for (const name of ['requestReset', 'resendVerification']) await ask(name, email)
    // The sixth to eighth: each of a kind that has been answered before.
    const again = [await register(email), await ask('resendVerification', email), await ask('requestReset', email)]
    expect(again.map(essence)).toEqual([registered, resent, reset].map(essence))
    expect(await mailsTo(email)).toBeLessThanOrEqual(5) // a newer reset mail may stand for an older one
    const { pool } = app.app.deps.database
    const claims = await pool.query(
      'SELECT 1 FROM registrations r JOIN users u ON u.id = r.user_id WHERE u.email = $1',
      [email],
    )
    expect(claims.rowCount).toBe(2) // the claim itself is made
  })

  test('a sixth mail is not even queued, and the log says so without the address', async () => {
    const email = await verifiedPerson(app)
    for (let made = 0; made < 4; made += 1) {
      await ask('requestReset', email)
      await mailsTo(email)
    }
    expect(await mailsTo(email)).toBe(5)
    await register(email)
    await ask('resendVerification', email)
    expect(await mailsTo(email)).toBe(5)
    const capped = app.log.filter(({ event }) => event === 'mail_capped')
    expect(capped.length).toBeGreaterThanOrEqual(2)
    expect(JSON.stringify(capped)).not.toContain(email)
  })

  test('mails to a new address that a signed-in user asks for are capped with the others', async () => {
    const target = await verifiedPerson(app)
    for (let made = 0; made < 3; made += 1) {
      await ask('requestReset', target)
      await mailsTo(target)
    }
    const { tokens, email } = await signedIn(app)
    const input = { newEmail: target, password: PASSWORD }
    const answers: Answer[] = []
    for (let made = 0; made < 3; made += 1) {
      answers.push(await call(app.url, 'requestEmailChange', input, { token: tokens.accessToken }))
      await mailsTo(target)
    }
    expect(new Set(answers.map(essence)).size).toBe(1)
    expect(await mailsTo(target)).toBe(5)
    expect(await mailsTo(email)).toBe(2) // its verification, and one notice
  })

  test('addresses without an account are counted too', async () => {
    const email = someone()
    for (let made = 0; made < 5; made += 1) await ask('requestReset', email)
    expect((await register(email)).code).toBe('SUCCESS')
    expect(await mailsTo(email)).toBe(0)
  })

  test('every spelling of an address is one mailbox', async () => {
    const email = await verifiedPerson(app)
    for (const spelling of [email.toUpperCase(), ` ${email} `, email, email.replace('person', 'Person')]) {
      await ask('requestReset', spelling)
      await mailsTo(email)
    }
    await register(email.toUpperCase())
    expect(await mailsTo(email)).toBe(5)
  })

  // What is refused by the hour is no mail: counted, a minute of requests would keep a mailbox silent for a day.
  test('twenty mails a day, of which requests beyond the hour take none', async () => {
    const email = await verifiedPerson(app)
    await spendHour(email)
    const sent: number[] = []
    for (let hour = 1; hour <= 4; hour += 1) {
      jest.restoreAllMocks()
      moveOn(hour * (HOUR + 60_000))
      sent.push(await spendHour(email))
    }
    expect(sent).toEqual([10, 15, 20, 20])
    jest.restoreAllMocks()
    moveOn(24 * HOUR + 120_000)
    expect(await spendHour(email)).toBe(25)
  })

  /** Asks for more than an hour admits, each mail sent before the next is asked for. */
  async function spendHour(email: string): Promise<number> {
    for (let made = 0; made < 5; made += 1) {
      await ask('requestReset', email)
      await mailsTo(email)
    }
    for (let made = 0; made < 4; made += 1) await register(email)
    return mailsTo(email)
  }
})

const essence = ({ code, status, text }: Answer) => JSON.stringify({ code, status, text })
