import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { type GraphQLInputObjectType, isInputObjectType, isNonNullType } from 'graphql'
import { Client } from 'pg'
import { createSchema } from '../../src/graphql/schema'
import { type TestApp, startTestApp } from '../support/app'
import { post } from '../support/client'
import { type TestDatabase, createDatabase } from '../support/database'
import { bare, tableOf, testedCode } from '../support/documents'
import { runGatehouse } from '../support/process'
import { until } from '../support/until'

const ROOT = join(__dirname, '../..')
const read = (path: string) => readFileSync(join(ROOT, path), 'utf8')
const TUTORIAL = read('docs/tutorial/first-session.md')
const GRAPHQL = read('docs/reference/graphql.md')
const ROUTES = read('docs/reference/routes.md')
/** The server as `npm start` runs it: mails go to the development inbox. */
const DEVELOPMENT = { SMTP_URL: '' }
/** What turns on every route of the table. */
const OPTIONAL = {
  LOGIN_CODE: 'on',
  OPERATOR_API: 'on',
  SECURITY_CONTACT: 'mailto:security@example.com',
  APPLE_APP_IDS: 'ABCDE12345.com.example.app',
  ANDROID_APPS: `com.example.app:${Array<string>(32).fill('0A').join(':')}`,
}

interface Step {
  assignments: [name: string, value: string][]
  command: string
  answer: unknown
}

/** The commands of the first session, each with the answer that the tutorial shows. */
function session(): Step[] {
  const section = /<!-- session -->([^]*)<!-- \/session -->/.exec(TUTORIAL)?.[1] ?? ''
  return [...section.matchAll(/```sh\n([^]*?)```\s+```json\n([^]*?)```/g)].map(([, script = '', answer = '']) => ({
    assignments: [...script.matchAll(/^([A-Z]+)=(\S+)$/gm)].map(([, name = '', value = '']) => [name, value]),
    command: script.replace(/^[A-Z]+=.*\n/gm, ''),
    answer: JSON.parse(answer) as unknown,
  }))
}

/** Runs a `curl` command of the tutorial: its address, its headers and its body, with variables filled in as a shell does. */
async function run(command: string, { url, variables }: { url: string; variables: Map<string, string> }) {
  const filled = command.replace(/\$([A-Z]+)/g, (_, name: string) => variables.get(name) ?? '')
  const path = /http:\/\/localhost:4000(\S+)/.exec(filled)?.[1] ?? ''
  const headers = [...filled.matchAll(/-H ['"]([^:]+): ([^'"]+)['"]/g)].map(([, name = '', value = '']) => [
    name,
    value,
  ])
  const body = /-d '([^]*)'\s*$/.exec(filled)?.[1]?.replaceAll("'", '')
  if (body === undefined) throw new Error(`No body in: ${command}`)
  const response = await fetch(url + path, {
    method: 'POST',
    headers: Object.fromEntries(headers) as Record<string, string>,
    body,
  })
  return response.json()
}

/** Where a text stands in an answer, as a path of keys. */
function pathTo(value: unknown, text: string): string[] | null {
  if (value === text) return []
  if (typeof value !== 'object' || value === null) return null
  for (const [key, inner] of Object.entries(value)) {
    const rest = pathTo(inner, text)
    if (rest) return [key, ...rest]
  }
  return null
}

function at(value: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>((inner, key) => (inner as Record<string, unknown>)[key], value)
}

/** An answer with everything that differs from one run to the next replaced by its kind. */
function shapeOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(shapeOf)
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(
      Object.entries(value).map(([key, inner]) => [key, key === 'userAgent' ? 'a user agent' : shapeOf(inner)]),
    )
  }
  if (typeof value !== 'string') return value
  if (/^[0-9a-f-]{36}$/.test(value)) return 'an id'
  if (/^\d{4}-\d\d-\d\dT[\d:.]+Z$/.test(value)) return 'a time'
  if (/^[\w-]{43}$/.test(value)) return 'a token'
  return /^eyJ[\w-]+\.[\w-]+\.[\w-]+$/.test(value) ? 'a JWT' : value
}

describe('a server as npm start runs it', () => {
  let app: TestApp
  beforeAll(async () => {
    app = await startTestApp({ env: { ...DEVELOPMENT, ...OPTIONAL } })
  })
  afterAll(() => app.close())

  test('the tutorial answers what it shows, command by command', async () => {
    const variables = new Map<string, string>()
    let before: { told: unknown; real: unknown } = { told: null, real: null }
    const steps = session()
    expect(steps.length).toBe(11)
    for (const { assignments, command, answer } of steps) {
      for (const [name, value] of assignments) {
        const path = pathTo(before.told, value)
        if (!path) throw new Error(`${name} is no value of the answer before it`)
        variables.set(name, String(at(before.real, path)))
      }
      // A mail takes a moment: a reader who is faster asks again, as this does.
      const asksInbox = command.includes('devInbox')
      const real = await until(async () => {
        const given = await run(command, { url: app.url, variables })
        const arrived = !asksInbox || inbox(given).length === inbox(answer).length
        return arrived ? given : null
      })
      expect(shapeOf(real)).toEqual(shapeOf(answer))
      before = { told: answer, real }
    }
  })

  test('examples/first-session.mjs prints what the README shows', async () => {
    const { stdout } = await promisify(execFile)(process.execPath, ['examples/first-session.mjs', app.url], {
      cwd: ROOT,
    })
    const shown = /first-session\.mjs\n```\s+```\n([^]*?)```/.exec(read('README.md'))?.[1]
    const bareOf = (text = '') => text.replace(/ada\.\d+@/, 'ada@')
    expect(bareOf(stdout)).toBe(bareOf(shown))
  })

  test('docs/reference/graphql.md says rightly which operations demand a login', async () => {
    const schema = createSchema({ development: true, loginCode: true })
    for (const [field = '', , who] of tableOf(GRAPHQL, 'operations')) {
      const mutation = schema.getMutationType()?.getFields()[bare(field)]
      if (!mutation) continue
      const argument = mutation.args
        .map(({ type }) => (isNonNullType(type) ? type.ofType : type))
        .find(isInputObjectType)
      const document = `mutation { ${mutation.name}${argument ? `(input: ${literalOf(argument)})` : ''} { __typename } }`
      const answer = await (await post(app.url, { query: document })).text()
      expect([field, answer.includes('UNAUTHENTICATED') ? 'signed in' : 'anyone', answer]).toEqual([field, who, answer])
    }
  })

  test('docs/reference/routes.md names routes that exist', () => {
    const routes = tableOf(ROUTES, 'routes').map(([route = '']) => bare(route))
    const missing = routes.filter((route) => {
      const [method = '', url = ''] = route.split(' ')
      return !app.app.server.hasRoute({ method, url })
    })
    expect(missing).toEqual([])
  })
})

function inbox(answer: unknown): unknown[] {
  return (answer as { data: { devInbox: unknown[] } }).data.devInbox
}

function newestToken(answer: unknown): string | undefined {
  const [mail] = inbox(answer) as { token: string }[]
  return mail?.token
}

/** An input with something in every field that must be given. */
function literalOf(type: GraphQLInputObjectType): string {
  const required = Object.values(type.getFields()).filter(
    (field) => isNonNullType(field.type) && field.type.toString() === 'String!',
  )
  const ids = Object.values(type.getFields()).filter((field) => field.type.toString() === 'ID!')
  const objects = Object.values(type.getFields()).filter((field) => field.type.toString() === 'JSONObject!')
  const texts = [...required, ...ids].map(({ name }) => `${name}: "x"`)
  return `{ ${[...texts, ...objects.map(({ name }) => `${name}: {}`)].join(', ')} }`
}

test('the code in docs/how-to/verify-tokens.md verifies a token of this server, and refuses another', async () => {
  const app = await startTestApp({ env: DEVELOPMENT })
  try {
    const { accessToken } = app.app.deps.accessTokens.issue(
      {
        userId: '01a20375-0797-714e-a90c-58f77036e01d',
        sessionId: '01a20375-174e-75fb-880b-28be4842d395',
        sessionExpiresAt: new Date(Date.now() + 3_600_000),
      },
      new Date(),
    )
    const block = testedCode('docs/how-to/verify-tokens.md', 'verifier')
    const script = `${block.replace('https://auth.example.com', app.config.publicUrl)}
      console.log(JSON.stringify(await authenticate('Bearer ' + process.argv[1]).catch((error) => error.code)))`
    const verify = async (token: string): Promise<unknown> => {
      const options = ['--input-type=module', '-e', script, token]
      return JSON.parse((await promisify(execFile)(process.execPath, options, { cwd: ROOT })).stdout) as unknown
    }
    expect(await verify(accessToken)).toEqual({
      userId: '01a20375-0797-714e-a90c-58f77036e01d',
      sessionId: '01a20375-174e-75fb-880b-28be4842d395',
    })
    const [head = '', body = '', signature = ''] = accessToken.split('.')
    const forged = `${head}.${body}.${signature.startsWith('A') ? 'B' : 'A'}${signature.slice(1)}`
    expect(await verify(forged)).toBe('ERR_JWS_SIGNATURE_VERIFICATION_FAILED')
  } finally {
    await app.close()
  }
})

describe('the database role of docs/operations.md', () => {
  let database: TestDatabase
  const role = `gatehouse_app_${process.pid}`
  beforeAll(async () => {
    database = await createDatabase()
  })
  afterAll(() => database.drop())

  test('serves a whole session, and cannot change a table', async () => {
    const owner = new Client({ connectionString: database.url })
    await owner.connect()
    await owner.query(`CREATE ROLE ${role} LOGIN PASSWORD 'app'`)
    const granted = runGatehouse(['migrate', '--grant-to', role], { DATABASE_URL: database.url })
    expect(await granted.ended()).toMatchObject({ code: 0 })
    const url = new URL(database.url)
    url.username = role
    url.password = 'app'
    const app = await startTestApp({ databaseUrl: url.href, env: { ...DEVELOPMENT, MIGRATE_ON_START: 'false' } })
    try {
      expect((await fetch(`${app.url}/health/ready`)).status).toBe(200)
      expect(await journey(app)).toBe('LoginSuccess')
      await expect(app.app.deps.database.pool.query('ALTER TABLE users ADD COLUMN role text')).rejects.toThrow(/owner/)
      await expect(app.app.deps.database.pool.query('DELETE FROM _prisma_migrations')).rejects.toThrow(/permission/)
      await expect(app.app.deps.database.pool.query('CREATE ROLE another')).rejects.toThrow(/permission/)
    } finally {
      await app.close()
      await owner.query(`DROP OWNED BY ${role}; DROP ROLE ${role}`)
      await owner.end()
    }
  })

  /** Registers, follows the mailed link and logs in, by the commands of the tutorial. */
  async function journey(app: TestApp): Promise<unknown> {
    const variables = new Map<string, string>()
    const [register, readInbox, verify, logIn] = session().map(({ command }) => command)
    if (!register || !readInbox || !verify || !logIn) throw new Error('The first session has lost its beginning')
    const parts = { url: app.url, variables }
    await run(register, parts)
    const token = await until(async () => newestToken(await run(readInbox, parts)))
    variables.set('TOKEN', token)
    await run(verify, parts)
    return at(await run(logIn, parts), ['data', 'login', '__typename'])
  }
})
