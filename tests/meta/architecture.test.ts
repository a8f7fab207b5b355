import { execFileSync } from 'node:child_process'
import { readFileSync, readdirSync } from 'node:fs'
import { dirname, join, normalize, relative } from 'node:path'

const SRC = join(__dirname, '../../src')

/** Which layer may import which. The commands and the files that compose the server may import all of them. */
const COMMON = ['lib', 'errors', 'config', 'ops', 'generated']
const MAY_IMPORT: Record<string, string[]> = {
  lib: [],
  errors: [],
  config: ['lib'],
  ops: ['lib', 'errors', 'config'],
  i18n: ['generated', 'errors'],
  crypto: COMMON,
  passwords: COMMON,
  store: COMMON,
  ratelimit: COMMON,
  outbox: [...COMMON, 'store'],
  mail: [...COMMON, 'outbox', 'store', 'crypto', 'i18n'],
  webhooks: [...COMMON, 'outbox', 'store', 'crypto'],
  services: [...COMMON, 'store', 'passwords', 'crypto', 'i18n', 'ratelimit', 'mail', 'webhooks'],
  graphql: [...COMMON, 'services', 'ratelimit', 'i18n'],
  http: [...COMMON, 'graphql', 'services', 'i18n', 'crypto', 'dev', 'webhooks'],
  dev: [...COMMON, 'mail'],
}
const LAYERS = Object.keys(MAY_IMPORT)
const COMPOSERS = [
  'main.ts',
  'app.ts',
  'createDeps.ts',
  'background.ts',
  'deliveries.ts',
  'development.ts',
  'commands',
  'generated',
]

/** Libraries that one layer each wraps, so that a change of the library is a change of that layer. */
const LIBRARIES: Record<string, string[]> = {
  '@prisma/': ['store'],
  'generated/prisma': ['store'],
  pg: ['store', 'ratelimit', 'dev'],
  fastify: ['http', 'app.ts'],
  '@fastify/': ['http'],
  '@apollo/': ['graphql', 'http'],
  'type-graphql': ['graphql'],
  nodemailer: ['mail'],
  jsonwebtoken: ['crypto'],
  bcrypt: ['passwords'],
  argon2: ['passwords'],
  '@zxcvbn-ts/': ['passwords'],
  hibp: ['passwords'],
  ioredis: ['ratelimit'],
  pino: ['ops'],
  'prom-client': ['ops'],
  '@opentelemetry/': ['ops'],
}

interface Import {
  from: string
  to: string
}

function imports(): Import[] {
  const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' }).filter((file) =>
    /(?<!\.generated)\.ts$/.test(file),
  )
  return files
    .filter((file) => !file.startsWith('generated'))
    .flatMap((from) => {
      const source = readFileSync(join(SRC, from), 'utf8')
      const targets = [...source.matchAll(/(?:from|import|import\() ?'([^']+)'/g)].map((match) => match[1] ?? '')
      return targets.map((to) => ({ from, to: to.startsWith('.') ? normalize(join(dirname(from), to)) : to }))
    })
}

/** What a tool or a reader looks for there, and nothing else. */
const ROOT_FILES = [
  ...['.dockerignore', '.gitattributes', '.gitignore', '.npmrc', '.prettierignore', '.prettierrc.json', '.swcrc'],
  ...['CHANGELOG.md', 'CONTRIBUTING.md', 'Dockerfile', 'LICENSE', 'README.md', 'SECURITY.md', 'compose.yaml'],
  ...['eslint.config.mjs', 'jest.config.cjs', 'knip.json', 'package-lock.json', 'package.json', 'prisma.config.ts'],
  ...['openapi.json', 'operator-schema.graphql', 'schema.graphql', 'tsconfig.json'],
]

test('the root holds the files that are listed, and the repository nothing that somebody else has built', () => {
  const root = join(SRC, '..')
  const files = execFileSync('git', ['ls-files', '-z'], { cwd: root, encoding: 'utf8' }).split('\0').filter(Boolean)
  expect(files.length).toBeGreaterThan(ROOT_FILES.length)
  expect(files.filter((file) => !file.includes('/') && !ROOT_FILES.includes(file))).toEqual([])
  const built = /\.(?:whl|zip|t?gz|t?xz|bz2|zst|jar|exe|dll|so|dylib|node|wasm|bin|deb|rpm|apk|pyc)$/i
  expect(files.filter((file) => built.test(file))).toEqual([])
})

const layerOf = (file: string) => file.split('/')[0] ?? file
const isOurs = (target: string) =>
  LAYERS.includes(layerOf(target)) || COMPOSERS.includes(`${target}.ts`) || layerOf(target) === 'generated'

test('every file of src belongs to a layer', () => {
  const strangers = [...new Set(imports().map(({ from }) => layerOf(from)))].filter(
    (layer) => !LAYERS.includes(layer) && !COMPOSERS.includes(layer),
  )
  expect(strangers).toEqual([])
})

test('a layer imports only the layers that it may import', () => {
  const wrong = imports()
    .filter(({ from, to }) => LAYERS.includes(layerOf(from)) && isOurs(to) && layerOf(from) !== layerOf(to))
    .filter(({ from, to }) => !MAY_IMPORT[layerOf(from)]?.includes(layerOf(to)))
    .map(({ from, to }) => `${from} must not import ${to}: ${adviceFor(layerOf(from))}`)
  expect(wrong).toEqual([])
})

test('a library is imported by the layers that wrap it, and by no other', () => {
  const wrong = imports().flatMap(({ from, to }) =>
    Object.entries(LIBRARIES)
      .filter(([library, layers]) => isOf(to, library) && !layers.includes(layerOf(from)))
      .map(
        ([library, layers]) => `${from} imports ${library}: export what it needs from ${layers.join(' or ')} instead`,
      ),
  )
  expect(wrong).toEqual([])
})

/** Layers that send SQL: the store, the rate limiter's own table, and the embedded server that is started and stopped. */
const SENDS_SQL = LIBRARIES.pg ?? []

test('Prisma models and SQL are used in the store alone, and SQL where a layer has tables of its own', () => {
  const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' })
  const others = files.filter((file) => file.endsWith('.ts') && !/^(?:store|generated)\//.test(file))
  const wrong = others.flatMap((file) => {
    const source = readFileSync(join(SRC, file), 'utf8')
    const models = source.match(/\b(?:prisma|tx)\s*\.\s*\w+\s*\.\s*\w+|\$(?:query|execute)Raw\w*/g) ?? []
    const queries = SENDS_SQL.includes(layerOf(file)) ? [] : (source.match(/\.query\s*[(<]/g) ?? [])
    return [...models, ...queries].map((use) => `${file} uses ${use}: export a function from src/store instead`)
  })
  expect(wrong).toEqual([])
})

test('development tools are imported as types, or where they are used: production loads none of them', () => {
  const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' })
  const others = files.filter((file) => file.endsWith('.ts') && !file.startsWith('dev/'))
  const wrong = others.flatMap((file) => {
    const statements = readFileSync(join(SRC, file), 'utf8').match(/^import [^'(]*'[^'\n]+'/gm) ?? []
    return statements
      .filter((text) => /'(?:\.\.?\/)+dev\/[^']+'$/.test(text) && !text.startsWith('import type '))
      .map((text) => `${file}: ${text}`)
  })
  expect(wrong).toEqual([])
})

test('no imports of src form a cycle', () => {
  const importsOf = new Map<string, string[]>()
  for (const { from, to } of imports()) {
    importsOf.set(from, [...(importsOf.get(from) ?? []), relative('.', `${to}.ts`)])
  }
  const cycles: string[] = []
  // Each file is walked once: there are more paths through the imports than a test has time for.
  const walked = new Set<string>()
  const walk = (file: string, path: string[]) => {
    if (path.includes(file)) cycles.push([...path.slice(path.indexOf(file)), file].join(' -> '))
    if (walked.has(file)) return
    walked.add(file)
    for (const next of importsOf.get(file) ?? []) walk(next, [...path, file])
  }
  for (const file of importsOf.keys()) walk(file, [])
  expect(cycles).toEqual([])
})

/**
 * They change no account that may have a session: the signing keys under a lock of their own, a row of the outbox, and a batch of
 * an import, which writes its audit rows by the statement that writes its accounts.
 */
const OWN_TRANSACTIONS = ['services/importUsers.ts', 'services/signingKeys.ts', 'services/steps/queueMailForAddress.ts']

test('an operation makes its change by commit(), which invalidates the session cache and writes the audit row', () => {
  const files = readdirSync(join(SRC, 'services'), { recursive: true, encoding: 'utf8' }).map((f) =>
    join('services', f),
  )
  const opening = files.filter(
    (f) => f.endsWith('.ts') && /\.\$?transaction\(/.test(readFileSync(join(SRC, f), 'utf8')),
  )
  expect(opening.sort()).toEqual([...OWN_TRANSACTIONS, 'services/steps/commit.ts'].sort())
})

function isOf(target: string, library: string): boolean {
  return target === library || target.startsWith(library.endsWith('/') ? library : `${library}/`)
}

function adviceFor(layer: string): string {
  switch (layer) {
    case 'lib':
    case 'errors':
      return 'lib and errors import nothing of ours; take what you need as a parameter'
    case 'services':
      return 'services import no Fastify, Apollo or type-graphql; take a Client or a Viewer, throw a UserError'
    case 'graphql':
      return 'graphql imports no Prisma; call an operation of services, which reads and writes'
    case 'store':
      return 'the store only stores; decisions stand in services, which call it'
    default:
      return `${layer} may import ${MAY_IMPORT[layer]?.join(', ') ?? 'nothing'}; move the code to a layer that may, or pass it in`
  }
}
