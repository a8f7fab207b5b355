import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { type TestApp, startTestApp } from '../support/app'
import { PASSWORD, verifiedPerson } from '../support/people'

const ROOT = join(__dirname, '../..')
const PEERS = ['@apollo/client', '@urql/core', '@urql/exchange-auth', 'graphql', 'react', 'rxjs']
const run = promisify(execFile)

/** An empty project in which the packed package was installed, without a network. */
let project: string
let app: TestApp
beforeAll(async () => {
  app = await startTestApp()
  project = mkdtempSync(join(tmpdir(), 'gatehouse-package-'))
  const { stdout } = await run('npm', ['pack', '-w', 'packages/client', '--pack-destination', project], { cwd: ROOT })
  write('package.json', '{ "name": "empty", "private": true }')
  const quiet = ['--offline', '--ignore-scripts', '--no-audit', '--no-fund']
  await run('npm', ['install', ...quiet, `./${stdout.trim()}`], { cwd: project })
})
afterAll(async () => {
  rmSync(project, { recursive: true, force: true })
  await app.close()
})

function write(name: string, text: string): void {
  writeFileSync(join(project, name), text)
}

/** What a script of the project prints. It has the address of the server and a person's login in its arguments. */
async function printed(name: string, text: string): Promise<unknown> {
  write(name, text)
  const email = await verifiedPerson(app)
  const { stdout } = await run(process.execPath, [name, app.url, email, PASSWORD], { cwd: project })
  return JSON.parse(stdout.replaceAll(email, 'the person'))
}
const LOGIN = `(async () => {
  const [, , url, email, password] = process.argv
  const auth = createClient({ url, transport: 'BODY' })
  await auth.login({ email, password })
  await auth.refresh()
  const { email: own } = await auth.me()
  await auth.signOut()
  return [own, auth.state.status]
})()`
const DONE = ['the person', 'signedOut']

test('it brings nothing else, and holds what it exports', () => {
  expect(readdirSync(join(project, 'node_modules')).filter((name) => !name.startsWith('.'))).toEqual(['@gatehouse'])
  const folder = join(project, 'node_modules/@gatehouse/client')
  expect(readdirSync(folder).sort()).toEqual(['README.md', 'dist', 'package.json', 'possible-types.json'])
  const { exports } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { exports: object }
  const files = JSON.stringify(exports).match(/\.\/[\w./-]+\.\w+/g) ?? []
  expect(files.length).toBeGreaterThan(16)
  for (const file of files) expect(readFileSync(join(folder, file), 'utf8')).not.toBe('')
})

test.each([
  ['an ES module', 'esm.mjs', `import { createClient } from '@gatehouse/client'`],
  ['CommonJS', 'common.cjs', `const { createClient } = require('@gatehouse/client')`],
])('%s runs a session', async (_, name, first) => {
  expect(await printed(name, `${first};\n${LOGIN}.then((all) => console.log(JSON.stringify(all)))`)).toEqual(DONE)
})

test('a worker runs a session', async () => {
  write(
    'inside.mjs',
    `import { parentPort } from 'node:worker_threads'
     import { createClient } from '@gatehouse/client'
     ${LOGIN}.then((all) => parentPort.postMessage(all))`,
  )
  const outside = `import { Worker } from 'node:worker_threads'
    const worker = new Worker(new URL('inside.mjs', import.meta.url), { argv: process.argv.slice(2) })
    worker.on('message', (all) => console.log(JSON.stringify(all)))`
  expect(await printed('outside.mjs', outside)).toEqual(DONE)
})

describe('beside its peers', () => {
  beforeAll(() => {
    for (const name of [...PEERS, '@types/react', '@types/node']) {
      mkdirSync(dirname(join(project, 'node_modules', name)), { recursive: true })
      symlinkSync(join(ROOT, 'node_modules', name), join(project, 'node_modules', name))
    }
  })

  test.each([
    ['ES modules', 'peers.mjs', (name: string) => `await import('${name}')`],
    ['CommonJS', 'peers.cjs', (name: string) => `require('${name}')`],
  ])('each entry loads, as %s', async (_, file, load) => {
    const names = ['.', './react', './apollo', './urql'].map((entry) => join('@gatehouse/client', entry))
    const loaded = names.map((name) => `Object.keys(${load(name)}).filter((key) => key !== 'default').sort()`)
    expect(await printed(file, `console.log(JSON.stringify([${loaded.join()}]))`)).toEqual([
      ['GatehouseError', 'createClient', 'memoryStorage'],
      ['AuthProvider', 'useAuth'],
      ['gatehouseLink', 'possibleTypes'],
      ['gatehouseExchange'],
    ])
  })

  const CODE = `
    import { type Client, type LoginResult, GatehouseError, createClient, memoryStorage } from '@gatehouse/client'
    import { gatehouseLink, possibleTypes } from '@gatehouse/client/apollo'
    import { AuthProvider, useAuth } from '@gatehouse/client/react'
    import { gatehouseExchange } from '@gatehouse/client/urql'
    import { ApolloClient, ApolloLink, HttpLink, InMemoryCache } from '@apollo/client'
    import { Client as Urql, fetchExchange } from '@urql/core'
    import { createElement } from 'react'

    export const auth: Client = createClient({ url: '', transport: 'BODY', storage: memoryStorage() })
    export const apollo = new ApolloClient({
      link: ApolloLink.from([gatehouseLink(auth), new HttpLink({ uri: '' })]),
      cache: new InMemoryCache({ possibleTypes }),
    })
    export const urql = new Urql({ url: '', preferGetMethod: false, exchanges: [gatehouseExchange(auth), fetchExchange] })
    function Page() {
      const { state } = useAuth()
      // @ts-expect-error: nobody may be signed in
      state.user
      return createElement('p', null, state.status === 'signedIn' ? state.user?.email : state.status)
    }
    export const page = createElement(AuthProvider, { client: auth }, createElement(Page))
    export async function login(): Promise<string> {
      const result: LoginResult = await auth.login({ email: '', password: '' })
      switch (result.__typename) {
        case 'LoginSuccess':
          return result.user.email
        case 'SecondFactorRequiredError':
          return result.challenge
        case 'RateLimitedError':
          return String(result.retryAfter + 1)
        default:
          // @ts-expect-error: a member that is not named above has none
          result.challenge
          return result.message
      }
    }
    // @ts-expect-error: there is no such field
    export const wrong = () => auth.login({ name: '' })
    export const code = (error: unknown) => (error instanceof GatehouseError ? error.code : null)
  `
  const RESOLUTIONS = [
    {
      name: 'bundler',
      options: { module: 'esnext', moduleResolution: 'bundler', skipLibCheck: true },
      files: ['typed.ts'],
    },
    { name: 'node16', options: { module: 'node16', moduleResolution: 'node16' }, files: ['typed.mts', 'typed.cts'] },
  ]
  test('its types compile, with moduleResolution bundler and node16', async () => {
    const problems = RESOLUTIONS.map(async ({ name, options, files }) => {
      for (const file of files) write(file, CODE)
      const common = { strict: true, noEmit: true, target: 'es2022', lib: ['es2022', 'dom'], types: [] }
      write(`${name}.json`, JSON.stringify({ compilerOptions: { ...common, ...options }, files }))
      const tsc = join(ROOT, 'node_modules/typescript/bin/tsc')
      const { stdout } = await run(process.execPath, [tsc, '-p', `${name}.json`], { cwd: project }).catch(
        (error: unknown) => error as { stdout: string },
      )
      // Apollo's own types do not compile as CommonJS with node16.
      return stdout.split('\n').filter((line) => line !== '' && !/node_modules\/@(?:apollo|wry)\//.test(line))
    })
    expect(await Promise.all(problems)).toEqual([[], []])
  })
})
