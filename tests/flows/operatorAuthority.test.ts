import { randomUUID } from 'node:crypto'
import { type GraphQLField, buildClientSchema, introspectionFromSchema } from 'graphql'
import { FIRST_DOCUMENT } from '../../src/graphql/apollo'
import { SCOPE_OF_FIELD } from '../../src/graphql/operators/authority'
import { createOperatorSchema } from '../../src/graphql/operators/schema'
import { createSchema } from '../../src/graphql/schema'
import { SERVICE_SCOPES } from '../../src/lib/serviceScopes'
import { type TestApp, startTestApp } from '../support/app'
import { change, operate, operatorDocument, personWithRoles } from '../support/operators'
import { someone } from '../support/people'

let app: TestApp
/** The token of each kind of caller. */
const tokens = new Map<string, string | undefined>([['anonymous', undefined]])

beforeAll(async () => {
  app = await startTestApp({ env: { OPERATOR_API: 'on' } })
  const people = {
    user: { roles: ['editor'], aal: 2 },
    auditor: { roles: ['auditor'], aal: 2 },
    'operator aal1': { roles: ['operator'], aal: 1 },
    'operator aal2 stale': { roles: ['operator'], aal: 2, minutes: 16 },
    'operator aal2 fresh': { roles: ['operator'], aal: 2 },
  } as const
  for (const [kind, person] of Object.entries(people)) {
    tokens.set(kind, (await personWithRoles(app, { ...person, roles: [...person.roles] })).token)
  }
  for (const [name, scopes] of Object.entries({
    'every scope': Object.keys(SERVICE_SCOPES),
    'no fitting scope': ['introspect'],
  })) {
    const created = await change(app, 'createServiceKey', {
      token: tokens.get('operator aal2 fresh'),
      input: { name, scopes },
      selection: 'key',
    })
    tokens.set(`key with ${name}`, String(created.result.key))
  }
})
afterAll(() => app.close())

const schema = createOperatorSchema()
const queries = Object.values(schema.getQueryType()?.getFields() ?? {})
const mutations = Object.values(schema.getMutationType()?.getFields() ?? {})

const nobody = randomUUID()
/** An input of each mutation that changes nothing of value: what may be called answers SUCCESS or NOT_FOUND. */
const INPUTS: Record<string, () => unknown> = {
  createUser: () => ({ email: someone() }),
  disableUser: () => ({ userId: nobody, reason: 'asked for it' }),
  enableUser: () => ({ userId: nobody }),
  deleteUser: () => ({ userId: nobody }),
  markEmailVerified: () => ({ userId: nobody }),
  sendPasswordReset: () => ({ userId: nobody }),
  endSessions: () => ({ userId: nobody }),
  removeSecondFactors: () => ({ userId: nobody }),
  setRoles: () => ({ userId: nobody, roles: [] }),
  setClaims: () => ({ userId: nobody, claims: {} }),
  createServiceKey: () => ({ name: 'billing', scopes: ['users:read'] }),
  revokeServiceKey: () => ({ serviceKeyId: nobody }),
  createWebhookEndpoint: () => ({ url: 'https://app.example.com/hooks' }),
  updateWebhookEndpoint: () => ({ endpointId: nobody, enabled: false }),
  rotateWebhookSecret: () => ({ endpointId: nobody }),
  deleteWebhookEndpoint: () => ({ endpointId: nobody }),
  sendTestEvent: () => ({ endpointId: nobody }),
  replayDeliveries: () => ({ endpointId: nobody, since: new Date() }),
}

function queryOf({ name, args }: GraphQLField<unknown, unknown>): string {
  const id = args.some((arg) => arg.name === 'id') ? `(id: "${nobody}")` : ''
  return `{ result: ${name}${id} { __typename } }`
}

async function codeOf(field: GraphQLField<unknown, unknown>, caller: string): Promise<string> {
  const token = tokens.get(caller)
  if (queries.includes(field)) {
    const answer = await operate(app.url, queryOf(field), { token })
    return answer.code
  }
  const input = INPUTS[field.name]
  if (!input) throw new Error(`INPUTS does not name ${field.name}`)
  const { code } = await operate(app.url, operatorDocument(field.name, '__typename'), {
    token,
    variables: { input: input() },
  })
  return code === 'NOT_FOUND' ? 'SUCCESS' : code
}

const people = (field: GraphQLField<unknown, unknown>) => SCOPE_OF_FIELD[field.name] === null

describe.each(queries.map((field) => [field.name, field] as const))('query %s', (_name, field) => {
  test.each([
    ['anonymous', 'UNAUTHENTICATED'],
    ['user', 'FORBIDDEN'],
    ['auditor', 'SUCCESS'],
    ['operator aal1', 'STEP_UP_REQUIRED'],
    ['operator aal2 stale', 'SUCCESS'],
    ['operator aal2 fresh', 'SUCCESS'],
    ['key with every scope', people(field) ? 'FORBIDDEN' : 'SUCCESS'],
    ['key with no fitting scope', 'FORBIDDEN'],
  ])('%s: %s', async (caller, expected) => {
    expect(await codeOf(field, caller)).toBe(expected)
  })
})

describe.each(mutations.map((field) => [field.name, field] as const))('mutation %s', (_name, field) => {
  test.each([
    ['anonymous', 'UNAUTHENTICATED'],
    ['user', 'FORBIDDEN'],
    ['auditor', 'FORBIDDEN'],
    ['operator aal1', 'STEP_UP_REQUIRED'],
    ['operator aal2 stale', 'STEP_UP_REQUIRED'],
    ['operator aal2 fresh', 'SUCCESS'],
    ['key with every scope', people(field) ? 'FORBIDDEN_SCOPE' : 'SUCCESS'],
    ['key with no fitting scope', 'FORBIDDEN_SCOPE'],
  ])('%s: %s', async (caller, expected) => {
    expect(await codeOf(field, caller)).toBe(expected)
  })
})

test('the schema describes itself without an error', () => {
  expect(() => buildClientSchema(introspectionFromSchema(schema))).not.toThrow()
})

test.each([
  ['key with every scope', 'SUCCESS'],
  ['key with users:read alone', 'FORBIDDEN'],
  ['auditor', 'SUCCESS'],
])('the audit of a listed account, for %s: %s', async (caller, expected) => {
  const created = await change(app, 'createServiceKey', {
    token: tokens.get('operator aal2 fresh'),
    input: { name: 'CRM', scopes: ['users:read'] },
    selection: 'key',
  })
  const token = caller.endsWith('alone') ? String(created.result.key) : tokens.get(caller)
  const document = '{ result: users(first: 1) { edges { node { auditEvents(first: 1) { edges { cursor } } } } } }'
  expect((await operate(app.url, document, { token })).code).toBe(expected)
})

test('no field, input or result of the operator API is part of the public schema', () => {
  const open = createSchema({ development: true, loginCode: true })
  const own = Object.keys(schema.getTypeMap()).filter((name) => !name.startsWith('__'))
  const shared = own.filter((name) => open.getTypeMap()[name] !== undefined)
  const roots = [...queries, ...mutations].map(({ name }) => name)
  const publicRoots = Object.keys({ ...open.getQueryType()?.getFields(), ...open.getMutationType()?.getFields() })
  expect(roots.filter((name) => publicRoots.includes(name))).toEqual([])
  // What both have: scalars, errors, and views of what an account consists of.
  expect(shared.sort()).toEqual(
    [
      ...['Boolean', 'DateTime', 'FieldError', 'FieldErrorCode', 'ID', 'Int', 'InvalidInputError', 'JSONObject'],
      ...['Mutation', 'NotFoundError', 'PageInfo', 'Passkey', 'Query', 'RateLimitedError', 'SecondFactor', 'Session'],
      ...['StepUpMethod', 'StepUpRequiredError', 'String', 'UserError', 'UserErrorCode'],
    ].sort(),
  )
  expect(FIRST_DOCUMENT).not.toContain('operator')
})
