import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { build } from 'esbuild'
import { type TestApp, startTestApp } from '../support/app'
import { codeBlocksOf, testedCode } from '../support/documents'
import { PASSWORD, verifiedPerson } from '../support/people'

const ROOT = join(__dirname, '../..')
const PEERS = ['@apollo/client', '@urql/core', '@urql/exchange-auth', 'graphql', 'react', 'react-dom', 'rxjs']
const TOOLS = [
  '@graphql-codegen/client-preset',
  '@graphql-codegen/core',
  '@graphql-typed-document-node/core',
  'graphql-request',
]
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
  beforeAll(async () => {
    for (const name of [...PEERS, ...TOOLS, '@types/react', '@types/react-dom', '@types/node']) {
      mkdirSync(dirname(join(project, 'node_modules', name)), { recursive: true })
      symlinkSync(join(ROOT, 'node_modules', name), join(project, 'node_modules', name))
    }
    await generate()
  })

  /** What an app writes: its documents, typed by the client preset of @graphql-codegen, sent by graphql-request as the page says. */
  const FLOW = `
    import { createCore } from '@gatehouse/client'
    import { graphql } from './gql/index.js'

    const Login = graphql(\`
      mutation Login($input: LoginInput!) {
        login(input: $input) {
          __typename
          ... on LoginSuccess { user { id email } tokens { accessToken accessTokenExpiresAt refreshToken } }
          ... on UserError { code message }
        }
      }
    \`)
    const Me = graphql(\`query Me { me { id email displayName } }\`)
    const Rename = graphql(\`
      mutation Rename($input: UpdateProfileInput!) {
        updateProfile(input: $input) {
          ... on UpdateProfileSuccess { user { displayName } }
          ... on UserError { code }
        }
      }
    \`)

    const [, , url = '', email = '', password = ''] = process.argv
    const auth = createCore({ url, transport: 'BODY' })
    ${testedCode('docs/how-to/graphql-clients.md', 'graphql-request').replace("'https://auth.example.com/graphql'", "url + '/graphql'")}
    async function flow(): Promise<unknown[]> {
      const wrong = await client.request(Login, { input: { email, password: 'another' } })
      await auth.run('login', [String(Login), 'T'], { email, password })
      const { me } = await client.request(Me)
      const { updateProfile: renamed } = await client.request(Rename, { input: { displayName: 'Ada' } })
      const { updateProfile: refused } = await client.request(Rename, { input: { displayName: 'x'.repeat(500) } })
      await auth.refresh()
      const after = await auth.request(Me)
      // @ts-expect-error: there is no such field
      void after.me?.name
      await auth.signOut()
      const codes = [wrong.login, refused].map((result) => ('code' in result ? result.code : null))
      const names = ['user' in renamed ? renamed.user.displayName : null, after.me?.displayName]
      return [...codes, me?.email, ...names, (await client.request(Me)).me, auth.state.status]
    }
    void flow().then((all) => console.log(JSON.stringify(all)))
  `
  /** In a process of its own: the preset needs modules that Jest does not load. */
  const GENERATE = `
    import { readFileSync, writeFileSync } from 'node:fs'
    import { preset } from '@graphql-codegen/client-preset'
    import { codegen } from '@graphql-codegen/core'
    import { buildSchema, parse } from 'graphql'

    const schema = readFileSync('${join(ROOT, 'schema.graphql')}', 'utf8')
    const sources = readFileSync('flow.mts', 'utf8').matchAll(/graphql\\(\`(.*?)\`\\)/gs)
    const documents = [...sources].map(([, rawSDL]) => ({ location: 'flow.mts', rawSDL, document: parse(rawSDL) }))
    const files = await preset.buildGeneratesSection({
      ...{ baseOutputDir: 'gql/', schema: parse(schema), schemaAst: buildSchema(schema), documents },
      config: { documentMode: 'string', useTypeImports: true, scalars: { DateTime: 'string' } },
      ...{ presetConfig: { fragmentMasking: false }, plugins: [], pluginMap: {} },
    })
    for (const file of files) writeFileSync(file.filename, await codegen(file))
  `
  async function generate(): Promise<void> {
    write('flow.mts', FLOW)
    write('generate.mjs', GENERATE)
    mkdirSync(join(project, 'gql'))
    await run(process.execPath, ['generate.mjs'], { cwd: project })
  }

  test("an app's own documents, typed by the client preset and sent by graphql-request, run a whole session", async () => {
    const bundle = { bundle: true, format: 'esm', packages: 'external', platform: 'node' } as const
    const { outputFiles } = await build({ entryPoints: [join(project, 'flow.mts')], ...bundle, write: false })
    expect(await printed('flow.mjs', outputFiles[0]?.text ?? '')).toEqual([
      ...['INVALID_CREDENTIALS', 'INVALID_INPUT', 'the person', 'Ada', 'Ada', null, 'signedOut'],
    ])
  })

  test.each([
    ['ES modules', 'peers.mjs', (name: string) => `await import('${name}')`],
    ['CommonJS', 'peers.cjs', (name: string) => `require('${name}')`],
  ])('each entry loads, as %s', async (_, file, load) => {
    const names = ['.', './react', './apollo', './urql'].map((entry) => join('@gatehouse/client', entry))
    const loaded = names.map((name) => `Object.keys(${load(name)}).filter((key) => key !== 'default').sort()`)
    expect(await printed(file, `console.log(JSON.stringify([${loaded.join()}]))`)).toEqual([
      ['GatehouseError', 'createClient', 'createCore', 'memoryStorage'],
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
  /** What the pages leave to their reader, and of modules that are not installed here the types of what the pages call. */
  const GIVEN = `
    declare module 'expo-secure-store' {
      interface Options { keychainAccessible?: number }
      export const AFTER_FIRST_UNLOCK_THIS_DEVICE_ONLY: number
      export function getItemAsync(key: string, options?: Options): Promise<string | null>
      export function setItemAsync(key: string, value: string, options?: Options): Promise<void>
      export function deleteItemAsync(key: string, options?: Options): Promise<void>
    }
    declare module 'react-native-passkeys' {
      interface Given { id: string; response: { signature: string } }
      export function get(request: { challenge: string; rpId?: string }): Promise<Given | null>
    }
    declare module 'relay-runtime' {
      export interface PayloadData { [key: string]: any }
      type Response = { data: PayloadData } | { data?: PayloadData; errors: { message: string }[] }
      type Fetch = (request: { text: string | null }, variables: Record<string, any>) => Promise<Response>
      export const Network: { create(fetch: Fetch): object }
      export class RecordSource {}
      export class Store { constructor(source: RecordSource) }
      export class Environment { constructor(options: { network: object; store: Store }) }
    }
    declare const auth: import('@gatehouse/client').Client
    declare const email: string
    declare const password: string
    declare const LOGIN: string
    declare function show(text: string): void
    declare function sessionStorageOf(request: Request): Promise<import('@gatehouse/client').TokenStorage>
  `
  const PAGES = [
    'how-to/single-page-app',
    'how-to/phone-app',
    'how-to/behind-your-own-server',
    'how-to/graphql-clients',
    'reference/client-package',
  ]
  /** Each block of TypeScript of these pages, as a module of its own. */
  function writePages(): string[] {
    write('given.d.ts', GIVEN)
    const blocks = PAGES.flatMap((page) => codeBlocksOf(`docs/${page}.md`)).filter(({ language }) =>
      /^tsx?$/.test(language),
    )
    expect(blocks.length).toBeGreaterThan(8)
    return [
      'given.d.ts',
      ...blocks.map(({ language, code }, index) => {
        write(`page${index}.${language}`, `${code}\nexport {}\n`)
        return `page${index}.${language}`
      }),
    ]
  }
  const RESOLUTIONS = [
    {
      name: 'bundler',
      options: { module: 'esnext', moduleResolution: 'bundler', jsx: 'react-jsx', skipLibCheck: true },
      files: ['typed.ts'],
      more: () => ['flow.mts', ...writePages()],
    },
    {
      name: 'node16',
      options: { module: 'node16', moduleResolution: 'node16' },
      files: ['typed.mts', 'typed.cts'],
      more: () => [],
    },
  ]
  test('its types compile in the code of the documents too, with moduleResolution bundler and node16', async () => {
    const problems = RESOLUTIONS.map(async ({ name, options, files, more }) => {
      for (const file of files) write(file, CODE)
      const common = { strict: true, noEmit: true, target: 'es2022', lib: ['es2022', 'dom'], types: ['node'] }
      write(
        `${name}.json`,
        JSON.stringify({ compilerOptions: { ...common, ...options }, files: [...files, ...more()] }),
      )
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
