import { Client } from 'pg'
import { tokenOf } from '../support/app'
import { call } from '../support/client'
import { type TestDatabase, createDatabase } from '../support/database'
import { PASSWORD, loggedIn, someone } from '../support/people'
import { CHEAP, runGatehouse, startServer } from '../support/process'
import { TestSmtpServer } from '../support/smtp'
import { until } from '../support/until'

let database: TestDatabase
const smtp = new TestSmtpServer()
beforeAll(async () => {
  database = await createDatabase()
  await smtp.start()
})
afterAll(async () => {
  await smtp.stop()
  await database.drop()
})

test('serve --no-worker leaves mails to a worker, which answers health and metrics only', async () => {
  const env = { ...CHEAP, DATABASE_URL: database.url, SMTP_URL: smtp.url }
  const web = runGatehouse(['serve', '--no-worker'], env)
  const url = await web.listening()
  const email = someone()
  await call(url, 'register', { email, password: PASSWORD })
  // Five logins take longer than the notification to a process that delivers, which leases the mail at once.
  const client = new Client({ connectionString: database.url })
  await client.connect()
  for (let login = 0; login < 5; login += 1) await call(url, 'login', { email, password: PASSWORD })
  const { rows } = await client.query('SELECT attempts, lease_owner FROM mails')
  expect([rows, smtp.attempts]).toEqual([[{ attempts: 0, lease_owner: null }], []])

  const worker = runGatehouse(['worker'], env)
  const workerUrl = await worker.listening()
  await call(url, 'verifyEmail', { token: tokenOf(await smtp.waitFor(email)) })
  await loggedIn({ url }, email)
  const status = async (path: string) => (await fetch(`${workerUrl}${path}`)).status
  await until(async () => (await status('/health/ready')) === 200)
  expect([await status('/graphql'), await status('/account'), await status('/metrics')]).toEqual([404, 404, 200])

  expect(await worker.stop()).toEqual({ code: 0, signal: null })
  await call(url, 'requestReset', { email })
  const left = await client.query('SELECT lease_owner FROM mails')
  expect(left.rows).toEqual([{ lease_owner: null }])
  await client.end()
  expect(await web.stop()).toEqual({ code: 0, signal: null })

  // An instance that does both, as before, sends what was left.
  const both = await startServer(env)
  await smtp.waitFor(
    email,
    ({ parsed }) => /#token=/.test(parsed.text ?? '') && /reset-password/.test(parsed.text ?? ''),
  )
  expect(await both.process.stop()).toEqual({ code: 0, signal: null })
})
