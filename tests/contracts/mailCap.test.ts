import { type TestApp, startTestApp, tokenOf } from '../support/app'
import { from, someAddress } from '../support/budgets'
import { type Answer, call } from '../support/client'
import { NEW_PASSWORD, PASSWORD, signedIn, someone, verifiedPerson } from '../support/people'
import { until } from '../support/until'

const HOUR = 3_600_000
const MINUTE = 60_000

// The quota protects the mailboxes of others: switching the budgets off does not lift it.
describe('with RATE_LIMITS=off', () => {
  let app: TestApp
  beforeAll(async () => {
    app = await startTestApp({ env: { RATE_LIMITS: 'off', TRUST_PROXY: '127.0.0.1' } })
  })
  afterAll(() => app.close())

  const sql = async (text: string, values: unknown[] = []) => {
    const { rows } = await app.app.deps.database.pool.query<Record<string, unknown>>(text, values)
    return rows
  }
  const ask = async (name: string, email: string) => {
    const answer = await call(app.url, name, { email }, from(someAddress()))
    await settled()
    return answer
  }
  const register = async (email: string, password = PASSWORD) => {
    const answer = await call(app.url, 'register', { email, password }, from(someAddress()))
    await settled()
    return answer
  }
  /** Resolves once no mail waits any more: it was sent, or dropped. */
  const settled = () => until(async () => (await sql('SELECT 1 FROM mails LIMIT 1')).length === 0)
  const mailsTo = (email: string, subject = /./) =>
    app.smtp.mails.filter(({ recipients, parsed }) => recipients.includes(email) && subject.test(parsed.subject ?? ''))
  const times = async (count: number, work: () => Promise<unknown>) => {
    for (let made = 0; made < count; made += 1) await work()
  }
  const VERIFY = /Confirm your email/
  const RESET = /Choose a new password/
  const TAKEN = /already have an account/
  const MOVE = /new email/

  test('an address gets five mails an hour of each kind; beyond, the answer is the same', async () => {
    const email = someone()
    const answers: Record<string, string[]> = { register: [], resendVerification: [], requestReset: [] }
    for (let made = 0; made < 4; made += 1) {
      answers.register?.push(essence(await register(email)))
      answers.resendVerification?.push(essence(await ask('resendVerification', email)))
    }
    for (let made = 0; made < 7; made += 1) answers.requestReset?.push(essence(await ask('requestReset', email)))
    for (const given of Object.values(answers)) expect(new Set(given).size).toBe(1)
    expect(mailsTo(email, VERIFY)).toHaveLength(5)
    expect(mailsTo(email, RESET)).toHaveLength(5)
    const claims = await sql('SELECT 1 FROM registrations r JOIN users u ON u.id = r.user_id WHERE u.email = $1', [
      email,
    ])
    expect(claims).toHaveLength(4) // the registration itself is made
  })

  test('the log says that a mail was left out, without the address', async () => {
    const email = await verifiedPerson(app)
    await times(7, () => register(email))
    expect(mailsTo(email, TAKEN)).toHaveLength(5)
    const capped = app.log.filter(({ event }) => event === 'mail_capped')
    expect(capped.length).toBeGreaterThanOrEqual(2)
    expect(JSON.stringify(capped)).not.toContain(email)
  })

  test('mails that are not sent do not count: an address without an account has none', async () => {
    const email = someone()
    await times(6, () => ask('requestReset', email))
    await times(6, () => ask('resendVerification', email))
    await register(email)
    expect(mailsTo(email)).toHaveLength(1)
    await ask('requestReset', email)
    expect(mailsTo(email, RESET)).toHaveLength(1)
  })

  test('a mail that its server refuses for good does not count', async () => {
    const email = await verifiedPerson(app)
    app.smtp.behaviourOf.set(email, 550)
    await times(6, () => ask('requestReset', email))
    app.smtp.behaviourOf.delete(email)
    await ask('requestReset', email)
    expect(mailsTo(email, RESET)).toHaveLength(1)
    expect(
      await sql("SELECT count(*)::int AS n FROM counted_mails WHERE kind = 'resetPassword' AND created_at > $1", [
        new Date(app.clock.now().getTime() - MINUTE),
      ]),
    ).not.toEqual([{ n: 0 }])
  })

  test('who asks always ends with a live link: one that was used or voided is replaced at once', async () => {
    const email = await verifiedPerson(app)
    await times(8, () => ask('requestReset', email))
    expect(mailsTo(email, RESET)).toHaveLength(5)
    const use = (password: string) => {
      const newest = mailsTo(email, RESET).at(-1)
      return call(app.url, 'confirmReset', { token: newest && tokenOf(newest), password }, from(someAddress()))
    }
    expect((await use(NEW_PASSWORD)).code).toBe('SUCCESS')
    await ask('requestReset', email)
    expect(mailsTo(email, RESET)).toHaveLength(6)
    await ask('requestReset', email)
    expect(mailsTo(email, RESET)).toHaveLength(6)
    expect((await use(PASSWORD)).code).toBe('SUCCESS')
  })

  test('one mail per life of the link is always sent, day after day', async () => {
    const email = await verifiedPerson(app)
    for (let hour = 1; hour <= 6; hour += 1) {
      await times(7, () => ask('requestReset', email))
      expect(mailsTo(email, RESET)).toHaveLength(5 * hour)
      app.clock.pass(HOUR + MINUTE)
    }
  })

  test('while five mails of the hour count, a link that has died is replaced', async () => {
    const short = await startTestApp({
      ...{ databaseUrl: app.databaseUrl, smtp: app.smtp, clock: app.clock },
      env: { RESET_TOKEN_TTL: '10m', TRUST_PROXY: '127.0.0.1' },
    })
    try {
      const email = await verifiedPerson(app)
      const asking = async () => {
        await call(short.url, 'requestReset', { email }, from(someAddress()))
        await settled()
      }
      await times(6, asking)
      // Either instance may have sent a mail, each with its own life of the link.
      await sql("UPDATE one_time_tokens SET expires_at = created_at + interval '10 minutes' WHERE email = $1", [email])
      expect(mailsTo(email, RESET)).toHaveLength(5)
      app.clock.pass(11 * MINUTE)
      await asking()
      expect(mailsTo(email, RESET)).toHaveLength(6)
    } finally {
      await short.close()
    }
  })

  test('mails to a new address that signed-in users ask for have a quota of their own; each of them gets a link', async () => {
    const target = someone()
    const move = async ({ tokens }: Awaited<ReturnType<typeof signedIn>>) => {
      const input = { newEmail: target, password: PASSWORD }
      const answer = await call(app.url, 'requestEmailChange', input, { token: tokens.accessToken })
      await settled()
      app.clock.pass(1_000)
      return essence(answer)
    }
    const first = await signedIn(app)
    const answers: string[] = []
    await times(7, async () => answers.push(await move(first)))
    expect(new Set(answers).size).toBe(1)
    expect(mailsTo(target, MOVE)).toHaveLength(5)
    await move(await signedIn(app))
    expect(mailsTo(target, MOVE)).toHaveLength(6)
  })

  test('every spelling of an address is one mailbox', async () => {
    const email = await verifiedPerson(app)
    for (const spelling of [email.toUpperCase(), ` ${email} `, email, email.replace('person', 'Person'), email, email])
      await ask('requestReset', spelling)
    expect(mailsTo(email, RESET)).toHaveLength(5)
  })

  // Two mails that are decided at once must not both be the fifth.
  test('forty requests at once send five mails', async () => {
    const email = await verifiedPerson(app)
    await Promise.all(
      Array.from({ length: 40 }, () => call(app.url, 'register', { email, password: PASSWORD }, from(someAddress()))),
    )
    await times(6, () => register(email))
    expect(mailsTo(email, TAKEN)).toHaveLength(5)
  })
})

const essence = ({ code, status, text }: Answer) => JSON.stringify({ code, status, text })
