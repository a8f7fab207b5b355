import { serverAudits } from 'graphql-http'
import { type TestApp, startTestApp } from '../support/app'

let app: TestApp
beforeAll(async () => {
  app = await startTestApp()
})
afterAll(() => app.close())

/** A query by GET needs a header that only a preflight lets through. */
const fetchFn = (url: string, init: RequestInit = {}) =>
  fetch(url, { ...init, headers: { ...(init.headers as Record<string, string>), 'apollo-require-preflight': '1' } })

const audits = serverAudits({ url: () => `${app.url}/graphql`, fetchFn })

test('there are 61 audits', () => {
  expect(audits).toHaveLength(61)
})

test.each(audits.map((audit): [string, typeof audit] => [`${audit.id} ${audit.name}`, audit]))(
  'GraphQL over HTTP %s',
  async (_name, audit) => {
    const result = await audit.fn()
    expect(result).toMatchObject({ status: 'ok' })
  },
)
