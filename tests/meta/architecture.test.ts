import { readFileSync, readdirSync } from 'node:fs'
import { dirname, join, normalize, relative } from 'node:path'

const SRC = join(__dirname, '../../src')

/**
 * Which room may know which. Everyone may know lib, errors, config and ops; lib and errors know nobody. The commands and
 * the two files that compose the server know all rooms.
 */
const COMMON = ['lib', 'errors', 'config', 'ops', 'generated']
const ARROWS: Record<string, string[]> = {
  lib: [],
  errors: [],
  config: ['lib'],
  ops: ['lib', 'errors', 'config'],
  i18n: ['generated', 'errors'],
  crypto: COMMON,
  store: COMMON,
  ratelimit: COMMON,
  outbox: [...COMMON, 'store'],
  mail: [...COMMON, 'outbox', 'store', 'crypto', 'i18n'],
  services: [...COMMON, 'store', 'crypto', 'i18n', 'ratelimit', 'mail'],
  graphql: [...COMMON, 'services', 'ratelimit', 'i18n'],
  http: [...COMMON, 'graphql', 'services', 'i18n', 'crypto', 'dev'],
  dev: [...COMMON, 'mail'],
}
const ROOMS = Object.keys(ARROWS)
const COMPOSERS = ['main.ts', 'app.ts', 'background.ts', 'commands', 'generated']

/** Libraries that live in one room each, so that a change of one is a change of that room. */
const HOMES: Record<string, string[]> = {
  '@prisma/': ['store'],
  'generated/prisma': ['store'],
  pg: ['store', 'ratelimit', 'dev'],
  fastify: ['http', 'app.ts'],
  '@fastify/': ['http'],
  '@apollo/': ['graphql', 'http'],
  'type-graphql': ['graphql'],
  nodemailer: ['mail'],
  jsonwebtoken: ['crypto'],
  bcrypt: ['crypto'],
  argon2: ['crypto'],
  ioredis: ['ratelimit'],
  pino: ['ops'],
  'prom-client': ['ops'],
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

const roomOf = (file: string) => file.split('/')[0] ?? file
const isOurs = (target: string) =>
  ROOMS.includes(roomOf(target)) || COMPOSERS.includes(`${target}.ts`) || roomOf(target) === 'generated'

test('every file of src stands in a room of the plan', () => {
  const strangers = [...new Set(imports().map(({ from }) => roomOf(from)))].filter(
    (room) => !ROOMS.includes(room) && !COMPOSERS.includes(room),
  )
  expect(strangers).toEqual([])
})

test('rooms know only the rooms that an arrow leads to', () => {
  const wrong = imports()
    .filter(({ from, to }) => ROOMS.includes(roomOf(from)) && isOurs(to) && roomOf(from) !== roomOf(to))
    .filter(({ from, to }) => !ARROWS[roomOf(from)]?.includes(roomOf(to)))
    .map(({ from, to }) => `${from} must not know ${to}: ${adviceFor(roomOf(from))}`)
  expect(wrong).toEqual([])
})

test('a library is used in its own room', () => {
  const wrong = imports().flatMap(({ from, to }) =>
    Object.entries(HOMES)
      .filter(([library, homes]) => isOf(to, library) && !homes.includes(roomOf(from)))
      .map(([library, homes]) => `${from} uses ${library}: ask ${homes.join(' or ')} for what you need instead`),
  )
  expect(wrong).toEqual([])
})

test('no two files of src know each other', () => {
  const known = new Map<string, string[]>()
  for (const { from, to } of imports()) {
    known.set(from, [...(known.get(from) ?? []), relative('.', `${to}.ts`)])
  }
  const circles: string[] = []
  const walk = (file: string, path: string[]) => {
    if (path.includes(file)) circles.push([...path.slice(path.indexOf(file)), file].join(' -> '))
    else for (const next of known.get(file) ?? []) walk(next, [...path, file])
  }
  for (const file of known.keys()) walk(file, [])
  expect([...new Set(circles)]).toEqual([])
})

function isOf(target: string, library: string): boolean {
  return target === library || target.startsWith(library.endsWith('/') ? library : `${library}/`)
}

function adviceFor(room: string): string {
  switch (room) {
    case 'lib':
    case 'errors':
      return 'lib and errors know nobody; take what you need as a parameter'
    case 'services':
      return 'services know no Fastify, Apollo or type-graphql; take a Client or a Viewer, throw a UserError'
    case 'graphql':
      return 'graphql knows no Prisma; call an operation of services, which reads and writes'
    case 'store':
      return 'the store only stores; decisions stand in services, which call it'
    default:
      return `${room} may know ${ARROWS[room]?.join(', ') ?? 'nothing'}; move the code to the room that may, or pass it in`
  }
}
