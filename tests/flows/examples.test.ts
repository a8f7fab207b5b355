import { join } from 'node:path'
import { type TestApp, startTestApp } from '../support/app'
import { PASSWORD, loggedIn, someone, verifiedPerson } from '../support/people'
import { TestProcess, runGatehouse, temporaryFolder } from '../support/process'
import { freePort } from '../../src/lib/freePort'
import { until } from '../support/until'

const EXAMPLES = join(__dirname, '../../examples')

let app: TestApp
const folder = temporaryFolder()
const started: TestProcess[] = []
beforeAll(async () => {
  app = await startTestApp()
})
afterAll(async () => {
  await Promise.all(started.map((example) => example.stop('SIGKILL')))
  await app.close()
  folder.remove()
})

/** Starts an example that serves, and resolves to its address. */
async function serve(file: string, env: Record<string, string> = {}): Promise<string> {
  const port = await freePort('127.0.0.1')
  const given = { PORT: String(port), GATEHOUSE_URL: app.config.publicUrl, ...env }
  const example = new TestProcess({ command: process.execPath, args: [join(EXAMPLES, file)], env: given })
  started.push(example)
  await until(() => example.output.includes(`:${port}`))
  return `http://localhost:${port}`
}

test('the service knows a user by their access token, and a role by its claim', async () => {
  const url = await serve('service/server.mjs')
  const email = await verifiedPerson(app)
  const ask = async (token: string, method = 'GET') => {
    const response = await fetch(`${url}/orders`, { method, headers: { authorization: `Bearer ${token}` } })
    return { status: response.status, body: await response.json() }
  }
  const { user, tokens } = await loggedIn(app, email)
  expect(await ask(tokens.accessToken)).toEqual({ status: 200, body: { user: user.id, orders: [] } })
  expect((await ask(`${tokens.accessToken}x`)).status).toBe(401)
  expect((await ask('')).status).toBe(401)
  expect((await ask(tokens.accessToken, 'DELETE')).status).toBe(403)
  await app.app.deps.database.pool.query("UPDATE users SET roles = '{editor}' WHERE id = $1", [user.id])
  expect((await ask((await loggedIn(app, email)).tokens.accessToken, 'DELETE')).status).toBe(200)
})

test('the app on a phone registers, verifies by a code, logs in, starts again with its stored token, and logs out', async () => {
  const env = { GATEHOUSE_URL: app.config.publicUrl, STORE: join(folder.path, 'token') }
  const run = async (...args: string[]) => {
    const example = new TestProcess({
      command: process.execPath,
      args: [join(EXAMPLES, 'phone/app.mjs'), ...args],
      env,
    })
    expect((await example.ended()).code).toBe(0)
    return example.output.trim()
  }
  const email = someone()
  expect(await run('start')).toBe('Please log in.')
  const challenge = /^Challenge: (.+)$/.exec(await run('register', email, PASSWORD))?.[1] ?? ''
  const mail = await app.mail(email, /confirm/i)
  const code = /\b(\d{4}) ?(\d{4})\b/.exec(mail.parsed.text ?? '')
  expect(await run('verify', challenge, `${code?.[1] ?? ''}${code?.[2] ?? ''}`)).toBe('Verified. Please log in.')
  expect(await run('login', email, 'not this one at all')).toBe('The email address or the password is not right.')
  expect(await run('login', email, PASSWORD)).toBe(`Hello ${email}`)
  expect(await run('start')).toBe(`Hello ${email}`)
  env.GATEHOUSE_URL = 'http://127.0.0.1:1'
  expect(await run('start')).toBe('Not reachable now (UNREACHABLE). Your session stays.')
  env.GATEHOUSE_URL = app.config.publicUrl
  expect(await run('start')).toBe(`Hello ${email}`)
  expect(await run('logout')).toBe('Logged out.')
  expect(await run('start')).toBe('Please log in.')
})

test('the server that renders logs people in and out by forms, and names their addresses', async () => {
  const created = runGatehouse(['keys', 'create', 'shop', '--scopes', 'client:forward'], {
    DATABASE_URL: app.databaseUrl,
  })
  expect((await created.ended()).code).toBe(0)
  const key = /ghk_\S+/.exec(created.output)?.[0] ?? ''
  const url = await serve('bff/server.mjs', { GATEHOUSE_KEY: key })
  const email = await verifiedPerson(app)
  let cookie = ''
  const visit = async (path: string, form?: Record<string, string>, headers: Record<string, string> = {}) => {
    const response = await fetch(`${url}${path}`, {
      headers: { cookie, 'user-agent': 'Browser of Ada', ...headers },
      redirect: 'manual',
      ...(form && { method: 'POST', body: new URLSearchParams(form) }),
    })
    cookie = response.headers.get('set-cookie')?.split(';')[0] ?? cookie
    return { status: response.status, text: await response.text() }
  }
  expect((await visit('/')).text).toContain('Log in')
  expect((await visit('/login', { email, password: 'not this one' })).text).toContain('is not right')
  const foreign = { 'sec-fetch-site': 'cross-site' }
  expect((await visit('/login', { email, password: PASSWORD }, foreign)).status).toBe(404)
  expect((await visit('/login', { email, password: PASSWORD })).status).toBe(303)
  expect((await visit('/')).text).toContain(`Hello ${email}`)
  const { rows } = await app.app.deps.database.pool.query<{ ip_address: string; user_agent: string }>(
    'SELECT ip_address, user_agent FROM sessions JOIN users ON users.id = user_id WHERE email = $1',
    [email],
  )
  expect(rows).toEqual([
    { ip_address: expect.stringMatching(/^(::1|127\.0\.0\.1)$/) as string, user_agent: 'Browser of Ada' },
  ])
  expect((await visit('/logout', {})).status).toBe(303)
  expect((await visit('/')).text).toContain('Log in')
  const live = await app.app.deps.database.pool.query(
    'SELECT 1 FROM sessions JOIN users ON users.id = user_id WHERE email = $1 AND revoked_at IS NULL',
    [email],
  )
  expect(live.rows).toEqual([])
})
