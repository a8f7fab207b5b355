import { Client } from 'pg'
import { tokenOf } from '../support/app'
import { call, me } from '../support/client'
import { type TestDatabase, createDatabase } from '../support/database'
import { PASSWORD, loggedIn, someone } from '../support/people'
import { type ServerProcess, startServer } from '../support/process'
import { TestSmtpServer } from '../support/smtp'

let database: TestDatabase
let smtp: TestSmtpServer
let server: ServerProcess
beforeEach(async () => {
  database = await createDatabase()
  smtp = await new TestSmtpServer().start()
})
afterEach(async () => {
  await server.process.stop('SIGKILL')
  await smtp.stop()
  await database.drop()
})

async function start(): Promise<void> {
  const env = { DATABASE_URL: database.url, SMTP_URL: smtp.url, PUBLIC_URL: 'http://gatehouse.test' }
  server = await startServer(env)
}

async function crash(): Promise<void> {
  await server.process.stop('SIGKILL')
}

/** As if these milliseconds had passed since the tokens were replaced. */
async function letPass(milliseconds: number): Promise<void> {
  const client = new Client({ connectionString: database.url })
  await client.connect()
  await client.query("UPDATE replaced_refresh_tokens SET recorded_at = recorded_at - $1 * interval '1 ms'", [
    milliseconds,
  ])
  await client.end()
}

/** A verified account, signed in. */
async function signedIn() {
  const email = someone()
  await call(server.url, 'register', { email, password: PASSWORD })
  const token = tokenOf(await smtp.waitFor(email))
  await call(server.url, 'verifyEmail', { token })
  return loggedIn(server, email)
}

const refresh = (refreshToken: string | null) => call(server.url, 'refreshSession', { refreshToken })

test('a server that is killed the moment it has answered register sends the mail once it is back: 20 of 20', async () => {
  const people = Array.from({ length: 20 }, someone)
  for (const email of people) {
    await start()
    const answer = await call(server.url, 'register', { email, password: PASSWORD })
    await crash()
    expect(answer.code).toBe('SUCCESS')
  }
  await start()
  const mails = await Promise.all(people.map((email) => smtp.waitFor(email)))
  for (const email of people) {
    // A crash between the server's yes and the note of it sends the mail again: as the same message, with the same link.
    const copies = smtp.mails.filter(({ recipients }) => recipients.includes(email))
    expect(new Set(copies.map(({ parsed }) => parsed.messageId)).size).toBe(1)
    expect(new Set(copies.map(tokenOf)).size).toBe(1)
  }
  const verified = await call(server.url, 'verifyEmail', { token: mails.map(tokenOf)[0] })
  expect(verified.code).toBe('SUCCESS')
})

test('a refresh token that was replaced before a crash stays replaced: it ends the session when it comes back', async () => {
  await start()
  const { tokens } = await signedIn()
  const rotated = await refresh(tokens.refreshToken)
  await crash()
  await start()

  const again = await refresh(tokens.refreshToken)
  const successor = (rotated.data as { tokens: typeof tokens }).tokens
  expect((again.data as { tokens: typeof tokens }).tokens.refreshToken).toBe(successor.refreshToken)
  await letPass(11_000)
  expect((await refresh(tokens.refreshToken)).code).toBe('INVALID_TOKEN')
  await crash()
  await start()
  expect((await refresh(successor.refreshToken)).code).toBe('INVALID_TOKEN')
  expect((await me(server.url, { token: successor.accessToken })).code).toBe('UNAUTHENTICATED')
})

test('a session that was ended before a crash stays ended', async () => {
  await start()
  const { tokens } = await signedIn()
  const answer = await call(server.url, 'logout', undefined, { token: tokens.accessToken })
  await crash()
  expect(answer.code).toBe('SUCCESS')
  await start()
  expect((await me(server.url, { token: tokens.accessToken })).code).toBe('UNAUTHENTICATED')
  expect((await refresh(tokens.refreshToken)).code).toBe('INVALID_TOKEN')
})
