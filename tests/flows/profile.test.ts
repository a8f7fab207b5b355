import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { decodeJwt } from 'jose'
import { readJsonSchemas } from '../../src/config/jsonSchemas'
import { type TestApp, startTestApp } from '../support/app'
import { type Answer, type LoggedIn, call, post } from '../support/client'
import { change, personWithRoles } from '../support/operators'
import { signedIn, someone, verifiedPerson } from '../support/people'
import { runGatehouse } from '../support/process'
import { until } from '../support/until'

const folder = mkdtempSync(join(tmpdir(), 'gatehouse-schemas-'))
function file(name: string, content: unknown): string {
  const path = join(folder, name)
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content))
  return path
}

const PROFILE_SCHEMA = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  type: 'object',
  required: ['theme'],
  properties: {
    theme: { enum: ['light', 'dark'] },
    contact: { type: 'object', properties: { mail: { type: 'string', format: 'email' } }, additionalProperties: false },
  },
}
const CLAIMS_SCHEMA = { type: 'object', properties: { plan: { enum: ['free', 'gold'] } }, additionalProperties: false }
const SCHEMAS = {
  PROFILE_SCHEMA_FILE: file('profile.json', PROFILE_SCHEMA),
  CLAIMS_SCHEMA_FILE: file('claims.json', CLAIMS_SCHEMA),
}

let app: TestApp
/** The same service, with schemas for profile and claims. */
let strict: TestApp
beforeAll(async () => {
  app = await startTestApp({ periodic: false })
  strict = await startTestApp({
    ...{ databaseUrl: app.databaseUrl, smtp: app.smtp, clock: app.clock, periodic: false },
    env: { ...SCHEMAS, PUBLIC_URL: app.config.publicUrl, OPERATOR_API: 'on' },
  })
})
afterAll(async () => {
  await strict.close()
  await app.close()
  rmSync(folder, { recursive: true })
})

type Person = Pick<LoggedIn, 'tokens'>
const update = ({ tokens }: Person, profile: unknown, { url }: TestApp = app): Promise<Answer> =>
  call(url, 'updateProfile', { profile }, { token: tokens.accessToken })

async function profileOf({ tokens }: Person, { url }: TestApp = app): Promise<unknown> {
  const response = await post(url, { query: '{ me { profile } }' }, { token: tokens.accessToken })
  return ((await response.json()) as { data: { me: { profile: unknown } } }).data.me.profile
}

const FULL = { theme: 'dark', seen: ['tour', 3, true, null], address: { city: 'Zürich', lines: ['Bahnhofstrasse 1'] } }

test('a profile is an empty object at first, and what its owner writes afterwards, on every instance', async () => {
  const person = await signedIn(app)
  expect(await profileOf(person)).toEqual({})
  expect((await update(person, FULL)).code).toBe('SUCCESS')
  expect(await profileOf(person)).toEqual(FULL)
  expect(await profileOf(person, strict)).toEqual(FULL)
  expect((await update(person, { theme: 'light' })).code).toBe('SUCCESS')
  expect(await profileOf(person)).toEqual({ theme: 'light' })
})

test('a profile that is left out stays, and null or an empty object removes it', async () => {
  const person = await signedIn(app)
  await update(person, FULL)
  await call(app.url, 'updateProfile', { displayName: 'Grace' }, { token: person.tokens.accessToken })
  expect(await profileOf(person)).toEqual(FULL)
  await update(person, null)
  expect(await profileOf(person)).toEqual({})
  await update(person, FULL, strict)
  expect((await update(person, {}, strict)).code).toBe('SUCCESS')
  expect(await profileOf(person)).toEqual({})
})

test('no access token has anything of a profile', async () => {
  const person = await signedIn(app)
  await update(person, { theme: 'zebra', roles: ['admin'], claims: { plan: 'gold' } })
  const { data } = await call(app.url, 'refreshSession', { refreshToken: person.tokens.refreshToken })
  const claims = decodeJwt((data as unknown as Person).tokens.accessToken)
  expect(Object.keys(claims).sort()).toEqual(['aud', 'exp', 'iat', 'iss', 'jti', 'sid', 'sub'])
})

test('the same profile again is no change, another one is recorded', async () => {
  const person = await signedIn(app)
  await update(person, { a: 1, b: { c: 2 } })
  await update(person, { b: { c: 2 }, a: 1 })
  const events = async () => {
    const { rows } = await app.app.deps.database.pool.query(
      "SELECT 1 FROM audit_events WHERE user_id = $1 AND type = 'profile_updated'",
      [person.user.id],
    )
    return rows.length
  }
  expect(await events()).toBe(1)
  await update(person, { a: 1, b: { c: 3 } })
  expect(await events()).toBe(2)
})

test('4,096 bytes of JSON are a profile, one more is none', async () => {
  const person = await signedIn(app)
  const ofBytes = (bytes: number) => ({ text: 'é'.repeat((bytes - '{"text":""}'.length - 1) / 2) + 'x' })
  expect((await update(person, ofBytes(4_096))).code).toBe('SUCCESS')
  const refused = await update(person, { text: `${ofBytes(4_096).text}x` })
  expect(refused).toMatchObject({ code: 'INVALID_INPUT', data: { fields: [{ field: 'profile', code: 'TOO_LONG' }] } })
  expect(await profileOf(person)).toEqual(ofBytes(4_096))
})

test.each([
  ['NUL', { text: 'a\0' }],
  ['half of a surrogate pair', { 'a\ud800': 1 }],
])('a profile with %s is refused', async (_what, profile) => {
  const refused = await update(await signedIn(app), profile)
  expect(refused.data).toMatchObject({ fields: [{ field: 'profile', code: 'INVALID_FORMAT' }] })
})

test.each([['[]'], ['"text"'], ['3']])('%s is no profile', async (json) => {
  expect((await update(await signedIn(app), JSON.parse(json))).code).toBe('BAD_USER_INPUT')
})

test('50 changes at once leave one of them whole', async () => {
  const person = await signedIn(app)
  const profiles = Array.from({ length: 50 }, (_, number) => ({ number, twin: number }))
  const answers = await Promise.all(profiles.map((profile) => update(person, profile)))
  expect(new Set(answers.map(({ code }) => code))).toEqual(new Set(['SUCCESS']))
  expect(profiles).toContainEqual(await profileOf(person))
})

test('the profile is part of the export, and goes with the account', async () => {
  const person = await signedIn(app)
  await update(person, { theme: 'dark' })
  const { data } = await call(app.url, 'exportAccount', undefined, { token: person.tokens.accessToken })
  expect(data.export).toMatchObject({ profile: { data: { theme: 'dark' } } })
  const { pool } = app.app.deps.database
  await pool.query('DELETE FROM users WHERE id = $1', [person.user.id])
  expect((await pool.query('SELECT 1 FROM profiles WHERE user_id = $1', [person.user.id])).rows).toEqual([])
})

describe('with PROFILE_SCHEMA_FILE', () => {
  test.each([
    ['a missing name', { contact: {} }, 'profile.theme', 'REQUIRED'],
    ['a wrong value', { theme: 'pink' }, 'profile.theme', 'INVALID_FORMAT'],
    ['a wrong format inside', { theme: 'dark', contact: { mail: 'nobody' } }, 'profile.contact.mail', 'INVALID_FORMAT'],
    ['a name too many', { theme: 'dark', contact: { 'a/b~c': 1 } }, 'profile.contact.a/b~c', 'INVALID_FORMAT'],
  ])('%s is refused by the name of its place', async (_what, profile, field, code) => {
    const person = await signedIn(app)
    expect((await update(person, profile, strict)).data).toMatchObject({ fields: [{ field, code }] })
    expect(await profileOf(person)).toEqual({})
  })

  test('what fits is stored', async () => {
    const person = await signedIn(app)
    const fitting = { theme: 'dark', contact: { mail: 'ada@example.com' }, other: 1 }
    expect((await update(person, fitting, strict)).code).toBe('SUCCESS')
    expect(await profileOf(person)).toEqual(fitting)
  })
})

describe('with CLAIMS_SCHEMA_FILE', () => {
  test('claims that do not fit are refused for operators, when an account is created and when it is changed', async () => {
    const { token, id: userId } = await personWithRoles(strict, { roles: ['operator'], aal: 2 })
    const refusal = (field: string) => ({ code: 'INVALID_INPUT', fields: [{ field, code: 'INVALID_FORMAT' }] })
    const selection = 'user { claims }'
    const set = (claims: object) => change(strict, 'setClaims', { token, input: { userId, claims }, selection })
    expect((await set({ plan: 'silver' })).result).toMatchObject(refusal('claims.plan'))
    expect((await set({ seats: 5 })).result).toMatchObject(refusal('claims.seats'))
    expect((await set({ plan: 'gold' })).result).toEqual({ user: { claims: { plan: 'gold' } } })
    expect((await set({})).result).toEqual({ user: { claims: {} } })
    const input = { email: someone(), claims: { plan: 'silver' } }
    expect((await change(strict, 'createUser', { token, input, selection })).result).toMatchObject(
      refusal('claims.plan'),
    )
  })

  test('the command refuses them too, by the name of their place', async () => {
    const email = await verifiedPerson(app)
    const run = (json: string) =>
      runGatehouse(['claims', 'set', email, json], { ...SCHEMAS, DATABASE_URL: app.databaseUrl })
    const refused = run('{"plan":"silver"}')
    expect((await refused.ended()).code).toBe(1)
    expect(refused.output).toContain('claims.plan')
    expect((await run('{"plan":"gold"}').ended()).code).toBe(0)
  })
})

test.each([
  ['no file', join(folder, 'missing.json'), /PROFILE_SCHEMA_FILE: the file cannot be read \(ENOENT\)/],
  ['no JSON', file('text.json', 'theme: dark'), /PROFILE_SCHEMA_FILE: the file is no JSON Schema/],
  ['an unknown keyword', file('typo.json', { typ: 'object' }), /unknown keyword: "typ"/],
  ['a wrong keyword', file('wrong.json', { type: 'objekt' }), /type must be/],
  ['another draft', file('draft.json', { $schema: 'http://json-schema.org/draft-07/schema#' }), /draft 2020-12/],
  ['a schema elsewhere', file('ref.json', { $ref: 'https://example.com/profile.json' }), /can't resolve reference/],
])('%s stops the start', async (_what, profileSchemaFile, words) => {
  await expect(readJsonSchemas({ claimsSchemaFile: null, profileSchemaFile })).rejects.toThrow(words)
})

test('a schema that cannot be used ends the server with the exit code of a wrong configuration', async () => {
  const server = runGatehouse(['serve'], { DATABASE_URL: app.databaseUrl, CLAIMS_SCHEMA_FILE: join(folder, 'none') })
  expect((await server.ended()).code).toBe(78)
  await until(() => server.output.includes('CLAIMS_SCHEMA_FILE'))
})
