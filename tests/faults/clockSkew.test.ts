import { type TestApp, TestClock, startTestApp } from '../support/app'
import { call } from '../support/client'
import { PASSWORD, loggedIn, someone, verifiedPerson } from '../support/people'

/** Two instances on one database whose clocks differ, as those of two machines do. */
const SKEW = 20_000

let ahead: TestApp
let behind: TestApp
beforeAll(async () => {
  const clock = new TestClock()
  clock.pass(SKEW)
  ahead = await startTestApp({ clock })
  behind = await startTestApp({ databaseUrl: ahead.databaseUrl, smtp: ahead.smtp })
})
afterAll(async () => {
  await behind.close()
  await ahead.close()
})

/** The tokens of the mails to an address, in the order in which they arrived; waits for so many. */
async function mailedTokens(email: string, subject: RegExp, count: number): Promise<string[]> {
  return ahead.smtp.until(() => {
    const mails = ahead.smtp.mails.filter(
      ({ recipients, parsed }) => recipients.includes(email) && subject.test(parsed.subject ?? ''),
    )
    const tokens = mails.map(({ parsed }) => /#token=([\w-]{43})/.exec(parsed.text ?? '')?.[1] ?? '')
    return tokens.length >= count ? tokens : undefined
  })
}

test('of two reset links the one that was asked for later lives, whichever instance was asked', async () => {
  const email = await verifiedPerson(ahead)
  await call(ahead.url, 'requestReset', { email })
  await mailedTokens(email, /new password/, 1)
  await call(behind.url, 'requestReset', { email })
  const [first, second] = await mailedTokens(email, /new password/, 2)
  const codeOf = async (token?: string) =>
    (await call(behind.url, 'confirmReset', { token, password: `${PASSWORD} anew` })).code
  expect([await codeOf(first), await codeOf(second)]).toEqual(['INVALID_TOKEN', 'SUCCESS'])
})

test('a reset that is asked for after a change of the password gets its mail, whichever instance is asked', async () => {
  const email = await verifiedPerson(ahead)
  const { tokens } = await loggedIn(ahead, email)
  const change = { currentPassword: PASSWORD, newPassword: `${PASSWORD} changed` }
  expect((await call(ahead.url, 'changePassword', change, { token: tokens.accessToken })).code).toBe('SUCCESS')
  await call(behind.url, 'requestReset', { email })
  const [token] = await mailedTokens(email, /new password/, 1)
  expect((await call(behind.url, 'confirmReset', { token, password: `${PASSWORD} anew` })).code).toBe('SUCCESS')
})

test('a change of address that was asked for before a reset does not survive it, whichever instance was asked', async () => {
  const email = await verifiedPerson(ahead)
  const { tokens } = await loggedIn(ahead, email)
  const newEmail = someone()
  const asked = { newEmail, password: PASSWORD }
  await call(ahead.url, 'requestEmailChange', asked, { token: tokens.accessToken })
  const [link] = await mailedTokens(newEmail, /./, 1)
  await call(behind.url, 'requestReset', { email })
  const [reset] = await mailedTokens(email, /new password/, 1)
  expect((await call(behind.url, 'confirmReset', { token: reset, password: `${PASSWORD} anew` })).code).toBe('SUCCESS')
  expect((await call(ahead.url, 'confirmEmailChange', { token: link })).code).toBe('INVALID_TOKEN')
})
