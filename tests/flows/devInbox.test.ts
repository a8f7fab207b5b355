import { type TestApp, startTestApp } from '../support/app'
import { call, post } from '../support/client'
import { PASSWORD, someone } from '../support/people'
import { until } from '../support/until'

interface DevMail {
  sentAt: string
  to: string
  subject: string
  text: string
  html: string
  token: string | null
}

let app: TestApp
beforeAll(async () => {
  app = await startTestApp({ env: { SMTP_URL: '' } })
})
afterAll(() => app.close())

async function inbox(to: string, on: TestApp = app): Promise<DevMail[]> {
  const query = 'query ($to: String!) { devInbox(to: $to) { sentAt to subject text html token } }'
  const { data } = (await (await post(on.url, { query, variables: { to } })).json()) as {
    data: { devInbox: DevMail[] }
  }
  return data.devInbox
}
const mails = (to: string, count: number) =>
  until(async () => {
    const found = await inbox(to)
    return found.length >= count && found
  })

test('without a mail server, mails arrive in the development inbox, newest first, with their tokens', async () => {
  const email = someone()
  await call(app.url, 'register', { email, password: PASSWORD })
  const [verification] = await mails(email, 1)
  expect(verification).toMatchObject({ to: email, subject: expect.stringMatching(/Confirm/) as string })
  expect(verification?.text).toContain(verification?.token)
  expect(verification?.html).toContain(verification?.token)
  expect(await call(app.url, 'verifyEmail', { token: verification?.token })).toMatchObject({ code: 'SUCCESS' })

  await call(app.url, 'requestReset', { email })
  const [reset, first] = await mails(email, 2)
  expect(reset?.subject).toMatch(/new password/)
  expect(first).toEqual(verification)
  const input = { token: reset?.token, password: 'copper lantern nine rivers' }
  expect(await call(app.url, 'confirmReset', input)).toMatchObject({ code: 'SUCCESS' })
  const [notice] = await mails(email, 3)
  expect(notice?.token).toBeNull()
})

test('it finds an address in any spelling, and holds each to its own', async () => {
  const [email, other] = [someone(), someone()]
  await call(app.url, 'register', { email, password: PASSWORD })
  await mails(email, 1)
  expect(await inbox(` ${email.toUpperCase()} `)).toHaveLength(1)
  expect(await inbox(other)).toEqual([])
  expect(await inbox('../../etc/passwd\0')).toEqual([])
})

test('the inbox page searches, keeps what is shown in its links, and is cleared by its own page alone', async () => {
  const read = async (path: string) => (await fetch(`${app.url}/dev/inbox${path}`)).text()
  const subjects = async (query: string) =>
    ((await (await fetch(`${app.url}/dev/inbox/mails.json${query}`)).json()) as { to: string }[]).map(({ to }) => to)
  const [one, other] = [someone(), someone()]
  for (const email of [one, other]) await call(app.url, 'register', { email, password: PASSWORD })
  for (const email of [one, other]) await mails(email, 1)
  expect(await subjects(`?search=${one.toUpperCase()}%20confirm`)).toEqual([one])
  expect(await read('?search=nowhere')).toContain('No mail has these words')

  const page = await read(`?search=${one}&width=360`)
  expect(page).toContain('data-width="360"')
  expect(page).toMatch(
    new RegExp(`href="/dev/inbox/mails/[^"]+\\?search=${encodeURIComponent(one)}&amp;view=text&amp;width=360"`),
  )
  expect(page).not.toContain(other)
  expect(await read('?width=9999&view=x')).toContain('data-width="full"')

  const elsewhere = { origin: 'http://localhost:9', 'access-control-request-method': 'DELETE' }
  const asked = await fetch(`${app.url}/dev/inbox/mails`, { method: 'OPTIONS', headers: elsewhere })
  expect(asked.headers.get('access-control-allow-methods') ?? '').not.toContain('DELETE')
  expect((await fetch(`${app.url}/dev/inbox/mails`, { method: 'DELETE' })).status).toBe(204)
  expect(await subjects('')).toEqual([])
})

test('the inbox page is there in development', async () => {
  const response = await fetch(`${app.url}/dev/inbox`)
  expect(response.status).toBe(200)
  expect(response.headers.get('content-type')).toMatch(/^text\/html/)
})

test('with a mail server, it stays empty', async () => {
  const mailing = await startTestApp()
  const email = someone()
  await call(mailing.url, 'register', { email, password: PASSWORD })
  await mailing.mail(email)
  const found = await inbox(email, mailing)
  await mailing.close()
  expect(found).toEqual([])
})
