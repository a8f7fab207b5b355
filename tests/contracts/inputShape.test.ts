import { type TestApp, startTestApp } from '../support/app'
import { documentOf, post } from '../support/client'

let app: TestApp
beforeAll(async () => {
  app = await startTestApp()
})
afterAll(() => app.close())

const CANARY = 'canary-of-the-variables'
const JSON_TYPE = { 'content-type': 'application/json' }
const keys = (count: number, value: unknown = CANARY) =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => [`${index}`, value]))
const nested = (depth: number): unknown => (depth === 0 ? CANARY : { a: nested(depth - 1) })

const REFUSED: [string, unknown][] = [
  ['9,000 keys', keys(9_000, 1)],
  ['101 keys', keys(101)],
  ['101 items of a list', { email: Array.from({ length: 101 }, () => CANARY) }],
  ['9 levels of objects', nested(9)],
  ['9 levels of lists', { email: [[[[[[[[[CANARY]]]]]]]]] }],
  ['a key of 101 characters', { [CANARY.padEnd(101, 'x')]: 1 }],
  ['20,001 characters of text', { email: CANARY.padEnd(20_001, 'x') }],
  ['20,001 characters in several texts', { ...keys(3), a: 'x'.repeat(10_000), b: 'y'.repeat(10_000) }],
]

/** What may come back: one short error with its code, and nothing of what was sent. */
async function expectRefused(answer: Response): Promise<void> {
  const text = await answer.text()
  expect(answer.status).toBe(400)
  expect(text.length).toBeLessThan(200)
  expect(text).not.toContain('canary')
  const { errors = [], error } = JSON.parse(text) as { errors?: { extensions: { code: string } }[]; error?: object }
  expect(errors[0]?.extensions ?? error).toMatchObject({ code: 'BAD_USER_INPUT' })
}

describe.each(REFUSED)('an input with %s is refused before GraphQL reads it', (_name, input) => {
  test('in a POST', async () => {
    await expectRefused(await post(app.url, { query: documentOf('login'), variables: { input } }))
    await expectRefused(await post(app.url, { query: '{ __typename }', extensions: { input } }))
  })

  test('in a REST body', async () => {
    for (const path of ['register', 'login', 'refresh', 'logout', 'reset-request', 'reset-confirm']) {
      const body = JSON.stringify(input)
      const answer = await fetch(`${app.url}/api/auth/${path}`, { method: 'POST', headers: JSON_TYPE, body })
      await expectRefused(answer)
    }
  })

  test('in a GET', async () => {
    const value = encodeURIComponent(JSON.stringify({ input }))
    if (value.length > 15_000) return // longer than all headers may be
    for (const name of ['variables', 'extensions']) {
      const url = `${app.url}/graphql?query={__typename}&${name}=${value}`
      await expectRefused(await fetch(url, { headers: { 'apollo-require-preflight': '1' } }))
    }
  })
})

test('a document of more than 2,000 lines is refused', async () => {
  for (const line of ['\n', '\r', '\r\n']) {
    await expectRefused(await post(app.url, { query: `${line.repeat(2_000)}{ __typename }` }))
    expect((await post(app.url, { query: `${line.repeat(900)}{ __typename }` })).status).toBe(200)
  }
})

test('the largest honest input passes', async () => {
  const input = {
    email: `${'l'.repeat(64)}@example.com`,
    password: '🐙'.repeat(128),
    displayName: '🐙'.repeat(100),
    locale: 'sr-Latn-RS',
  }
  const extensions = { clientLibrary: { name: 'apollo', version: '4.0.0' } }
  const answer = await post(app.url, { query: documentOf('register'), variables: { input }, extensions })
  expect([answer.status, await answer.text()]).toEqual([200, expect.stringContaining('WEAK_PASSWORD')])
})

test('errors of 90 wrong keys quote none of the values', async () => {
  const answer = await post(app.url, { query: documentOf('login'), variables: { input: keys(90) } })
  expect(answer.status).toBe(400)
  expect(await answer.text()).not.toContain('canary')
})

test.each(['__proto__', 'constructor', 'prototype'])('%s in the URL pollutes nothing', async (name) => {
  const headers = { 'apollo-require-preflight': '1' }
  for (const parameter of ['variables', 'extensions', name]) {
    const value = encodeURIComponent(`{"${name}":{"polluted":1}}`)
    const answer = await fetch(`${app.url}/graphql?query={__typename}&${parameter}=${value}`, { headers })
    expect([200, 400]).toContain(answer.status)
  }
  expect(({} as { polluted?: unknown }).polluted).toBeUndefined()
})

describe('bytes that are not UTF-8', () => {
  const latin1 = (body: string) => Buffer.from(body, 'latin1')

  test.each([
    ['GraphQL', '/graphql', `{"query":"{ __typename }","variables":{"a":"\xe4"}}`],
    ['REST', '/api/auth/register', '{"email":"a@example.com","password":"\xe4\xf6\xfc violet tractor"}'],
    ['a cut sequence', '/api/auth/register', '{"email":"a@example.com","password":"violet tractor\xe2\x82"}'],
    ['a surrogate', '/api/auth/register', '{"email":"a@example.com","password":"violet tractor\xed\xa0\x80"}'],
  ])('in a body are refused: %s', async (_name, path, body) => {
    const answer = await fetch(app.url + path, { method: 'POST', headers: JSON_TYPE, body: latin1(body) })
    expect([answer.status, await answer.text()]).toEqual([400, expect.stringContaining('"BAD_REQUEST"')])
  })

  test('a byte order mark before JSON is passed over', async () => {
    expect((await post(app.url, `\ufeff{"query":"{ __typename }"}`)).status).toBe(200)
  })
})
