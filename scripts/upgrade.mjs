// npm run test:upgrade [-- REF]: builds an earlier commit, and replaces its instances by this build's under traffic, and back.
// Fails if a request fails, a session ends, a mail is missing, or an invariant of the database does not hold.
import { execFileSync, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { SMTPServer } from 'smtp-server'
import { buildIfStale } from './build.mjs'

const ROOT = resolve('.')
const CLIENTS = 6
/** Milliseconds of traffic between two steps, and that a mail may take. */
const BETWEEN = 4_000
const MAIL_WAIT = 30_000
const PASSWORD = 'violet tractor seven moons'
const git = (...args) => execFileSync('git', args, { encoding: 'utf8' }).trim()

const ref = git('rev-parse', process.argv[2] ?? git('rev-list', '-1', '--before=1 day ago', 'HEAD'))
await buildIfStale()
const folder = mkdtempSync(join(tmpdir(), 'gatehouse-upgrade-'))
const cleanUp = [() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 })]
const failures = []

async function run() {
  const previous = buildPrevious()
  const databaseUrl = await startDatabase()
  const mailbox = await startMailServer()
  const env = { DATABASE_URL: databaseUrl, SMTP_URL: mailbox.url, PUBLIC_URL: 'http://localhost:4000' }
  const settings = {
    MIGRATE_ON_START: 'false',
    RATE_LIMITS: 'off',
    BCRYPT_COST: '10',
    SHUTDOWN_DRAIN: '2s',
    DEV_TOOLS: 'on',
  }
  const installation = { env: { ...env, ...settings, SECRET: 'the secret of both releases, which is long enough' } }
  const steps = [
    ['migrations of the previous release', () => migrate(previous, installation)],
    ['two instances of the previous release', () => replace(installation, previous, 2)],
    ['traffic', () => void 0],
    ['migrations of this release, under traffic', () => migrate(ROOT, installation)],
    ['one instance of each', () => replace(installation, ROOT, 1)],
    ['two instances of this release', () => replace(installation, ROOT, 1)],
    ['one instance of each again', () => replace(installation, previous, 1)],
    ['two instances of the previous release again', () => replace(installation, previous, 1)],
    ['this release for good', () => replace(installation, ROOT, 2)],
  ]
  const counts = { requests: 0, people: 0 }
  let clients = []
  const stop = { now: false }
  for (const [name, step] of steps) {
    console.log(name)
    await step()
    if (name === 'traffic') clients = Array.from({ length: CLIENTS }, () => live(mailbox, { stop, counts }))
    if (clients.length > 0) await sleep(BETWEEN)
  }
  stop.now = true
  await Promise.all(clients)
  while (instances.length > 0) await end(instances[0])
  await checkDatabase(databaseUrl)
  console.log(`${counts.people} people registered, ${counts.requests} requests, from ${ref.slice(0, 7)} to this build`)
}

/** The earlier commit with its own packages, if they differ from ours. */
function buildPrevious() {
  console.log(`building ${ref.slice(0, 7)} of ${git('show', '-s', '--format=%ci', ref)}`)
  const path = join(folder, 'previous')
  execFileSync('sh', ['-c', `mkdir ${path} && git archive ${ref} | tar -x -C ${path}`])
  const lock = (root) => readFileSync(join(root, 'package-lock.json'), 'utf8')
  if (lock(path) === lock(ROOT)) symlinkSync(join(ROOT, 'node_modules'), join(path, 'node_modules'))
  else execFileSync('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], { cwd: path, stdio: 'inherit' })
  execFileSync('npm', ['run', '-s', 'build'], { cwd: path, stdio: 'inherit' })
  return path
}

async function startDatabase() {
  const require = createRequire(import.meta.url)
  const { startEmbeddedPostgres } = require('../dist/dev/embeddedPostgres.js')
  const dataDir = mkdtempSync(join(tmpdir(), 'gatehouse-upgrade-data-'))
  execFileSync('chmod', ['755', dataDir])
  cleanUp.push(() => rmSync(dataDir, { recursive: true, force: true, maxRetries: 5 }))
  const silent = { info() {}, warn() {}, error() {}, debug() {} }
  const server = await startEmbeddedPostgres({ dataDir, logger: silent, settings: { fsync: 'off' } })
  cleanUp.push(() => server.stop())
  return server.url
}

/** Keeps the token of the newest link to each address. */
async function startMailServer() {
  const tokens = new Map()
  const server = new SMTPServer({
    disabledCommands: ['AUTH', 'STARTTLS'],
    onData(stream, session, done) {
      const chunks = []
      stream.on('data', (chunk) => chunks.push(chunk))
      stream.on('end', () => {
        const text = Buffer.concat(chunks)
          .toString()
          .replace(/=\r?\n/g, '')
          .replace(/=3D/g, '=')
        const token = /#token=([\w-]{43})/.exec(text)?.[1]
        if (token) tokens.set(session.envelope.rcptTo[0].address, token)
        done()
      })
    },
  })
  await new Promise((listening) => server.listen(0, '127.0.0.1', listening))
  cleanUp.push(() => new Promise((closed) => server.close(closed)))
  return { url: `smtp://127.0.0.1:${server.server.address().port}`, tokens }
}

/** What a load balancer knows: the addresses that were ready when it last asked. */
const instances = []
const ready = () => instances.filter(({ isReady }) => isReady)
const poll = setInterval(() => {
  for (const one of instances) void isReady(one).then((now) => (one.isReady = now))
}, 200)
cleanUp.push(() => clearInterval(poll))

const isReady = ({ url }) =>
  fetch(`${url}/health/ready`).then(
    ({ ok }) => ok,
    () => false,
  )

function migrate(root, { env }) {
  execFileSync(process.execPath, [join(root, 'dist/main.js'), 'migrate'], {
    env: { PATH: process.env.PATH, ...env },
    stdio: 'ignore',
  })
}

/** Starts instances of a release, each in the place of the oldest one beyond two, which ends by SIGTERM. */
async function replace(installation, root, count) {
  for (let started = 0; started < count; started += 1) {
    instances.push(await start(installation, root))
    if (instances.length > 2) await end(instances[0])
  }
}

async function start({ env }, root) {
  const port = await freePort()
  const child = spawn(process.execPath, [join(root, 'dist/main.js'), 'serve'], {
    env: { PATH: process.env.PATH, ...env, PORT: String(port) },
    cwd: folder,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const instance = { url: `http://127.0.0.1:${port}`, child, isReady: false, stopped: false }
  cleanUp.push(() => child.kill('SIGKILL'))
  child.stdout.on('data', (lines) => {
    for (const line of String(lines).split('\n'))
      if (/"level":"(?:error|fatal)"|"event":"refresh_token_reused"/.test(line)) failures.push(line)
  })
  child.once('exit', (code) => {
    if (!instance.stopped || code !== 0) failures.push(`an instance ended with ${code}`)
  })
  while (!(instance.isReady = await isReady(instance))) await sleep(100)
  return instance
}

async function end(instance) {
  instance.stopped = true
  const exited = new Promise((done) => instance.child.once('exit', done))
  instance.child.kill('SIGTERM')
  await exited
  instances.splice(instances.indexOf(instance), 1)
}

async function freePort() {
  const { createServer } = await import('node:net')
  const server = createServer()
  await new Promise((listening) => server.listen(0, '127.0.0.1', listening))
  const { port } = server.address()
  await new Promise((closed) => server.close(closed))
  return port
}

/** People who register, verify, log in, read, refresh, reset and log out, each request at whatever instance is ready. */
async function live({ tokens }, { stop, counts }) {
  const call = async (path, { method = 'POST', body, token } = {}) => {
    counts.requests += 1
    const { url } = ready()[Math.floor(Math.random() * ready().length)]
    const headers = {
      ...(body && { 'content-type': 'application/json' }),
      ...(token && { authorization: `Bearer ${token}` }),
    }
    const answer = await fetch(url + path, { method, headers, body: body && JSON.stringify(body) })
    const text = await answer.text()
    if (!answer.ok) throw new Error(`${method} ${path.slice(0, 20)}: ${answer.status} ${text}`)
    return text === '' ? {} : JSON.parse(text)
  }
  const mailed = async (email) => {
    const deadline = Date.now() + MAIL_WAIT
    while (!tokens.has(email)) {
      if (Date.now() > deadline) throw new Error('a mail is missing')
      await sleep(50)
    }
    const token = tokens.get(email)
    tokens.delete(email)
    return token
  }
  while (!stop.now) {
    const email = `person${(counts.people += 1)}@example.com`
    try {
      await call('/api/auth/register', { body: { email, password: PASSWORD } })
      await call(`/api/auth/verify/${await mailed(email)}`, { method: 'GET' })
      let { tokens: held } = await call('/api/auth/login', { body: { email, password: PASSWORD } })
      for (let turn = 0; turn < 10; turn += 1) {
        await call('/api/auth/me', { method: 'GET', token: held.accessToken })
        held = (await call('/api/auth/refresh', { body: { refreshToken: held.refreshToken } })).tokens
      }
      await call('/api/auth/reset-request', { body: { email } })
      await call('/api/auth/reset-confirm', { body: { token: await mailed(email), password: `${PASSWORD} again` } })
      await call('/api/auth/login', { body: { email, password: `${PASSWORD} again` } })
    } catch (error) {
      failures.push(`${error.message} ${error.cause?.code ?? ''}`)
    }
  }
}

async function checkDatabase(connectionString) {
  const client = new pg.Client({ connectionString })
  await client.connect()
  const checks = {
    'mails that nobody sent': 'SELECT 1 FROM mails',
    'accounts that are not verified': 'SELECT 1 FROM users WHERE email_verified_at IS NULL',
    'sessions that were ended as stolen': `SELECT 1 FROM audit_events WHERE type = 'refresh_token_reused'`,
  }
  for (const [name, query] of Object.entries(checks)) {
    const { rowCount } = await client.query(query)
    if (rowCount > 0) failures.push(`${rowCount} ${name}`)
  }
  await client.end()
}

try {
  await run()
} finally {
  for (const undo of cleanUp.reverse()) await undo()
}
const kinds = new Map()
for (const failure of failures) kinds.set(failure, (kinds.get(failure) ?? 0) + 1)
for (const [failure, times] of [...kinds].slice(0, 20)) console.error(`${times} times: ${failure}`)
console.log(failures.length === 0 ? 'No request failed, and nothing was lost.' : `${failures.length} failures`)
process.exit(failures.length === 0 ? 0 : 1)
