import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  type GraphQLInputType,
  type GraphQLNamedType,
  type GraphQLSchema,
  type IntrospectionQuery,
  astFromValue,
  buildClientSchema,
  buildSchema,
  getIntrospectionQuery,
  getNamedType,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isNonNullType,
  isObjectType,
  isUnionType,
  print,
} from 'graphql'
import { createSchema } from '../../src/graphql/schema'
import { budgetsOf } from '../../src/graphql/budgets'
import { type TestApp, startTestApp } from '../support/app'
import { post } from '../support/client'
import { BY_TLS, PRODUCTION } from '../support/production'

const contract = buildSchema(readFileSync(join(__dirname, 'contract.graphql'), 'utf8'))
const MINUTE = 60_000
const HOUR = 60 * MINUTE

let app: TestApp
let served: GraphQLSchema
beforeAll(async () => {
  app = await startTestApp()
  served = await introspect(app.url)
})
afterAll(() => app.close())

async function introspect(url: string): Promise<GraphQLSchema> {
  const options = { directiveIsRepeatable: true, inputValueDeprecation: true, oneOf: true }
  const response = await post(url, { query: getIntrospectionQuery(options) })
  const { data } = (await response.json()) as { data: IntrospectionQuery }
  return buildClientSchema(data)
}

interface InputValue {
  name: string
  type: GraphQLInputType
  defaultValue?: unknown
}

function written({ name, type, defaultValue }: InputValue): string {
  const value = defaultValue === undefined ? null : astFromValue(defaultValue, type)
  return `${name}: ${String(type)}${value ? ` = ${print(value)}` : ''}`
}

/** Everything that a client can rely on about a type, one fact a line. */
function factsOf(type: GraphQLNamedType): string[] {
  if (isEnumType(type)) return type.getValues().map(({ name }) => `enum ${type.name} has ${name}`)
  if (isUnionType(type)) return type.getTypes().map(({ name }) => `union ${type.name} has ${name}`)
  if (isInputObjectType(type)) {
    return Object.values(type.getFields()).map((field) => `input ${type.name} takes ${written(field)}`)
  }
  if (!isObjectType(type) && !isInterfaceType(type)) return [`scalar ${type.name}`]
  const kind = isObjectType(type) ? 'type' : 'interface'
  const fields = Object.values(type.getFields()).flatMap((field) => [
    `${kind} ${type.name} answers ${field.name}: ${String(field.type)}`,
    ...field.args.map((arg) => `${type.name}.${field.name} takes ${written(arg)}`),
  ])
  return [...fields, ...type.getInterfaces().map(({ name }) => `${type.name} implements ${name}`)]
}

const typesOf = (schema: GraphQLSchema) =>
  Object.values(schema.getTypeMap()).filter(({ name }) => !name.startsWith('__'))

describe('the served schema holds the contract', () => {
  test.each(typesOf(contract).map((type): [string, GraphQLNamedType] => [type.name, type]))('%s', (name, type) => {
    const found = served.getType(name)
    expect(found?.constructor.name).toBe(type.constructor.name)
    expect(found ? factsOf(found) : []).toEqual(expect.arrayContaining(factsOf(type)))
  })

  test('what is added beside it demands nothing of a client that does not know it', () => {
    for (const type of typesOf(contract)) {
      const found = served.getType(type.name)
      if (isInputObjectType(type) && isInputObjectType(found)) {
        const added = Object.values(found.getFields()).filter(({ name }) => !(name in type.getFields()))
        expect(added.filter((field) => isNonNullType(field.type) && field.defaultValue === undefined)).toEqual([])
      }
      // A member that a client does not ask for would leave it without an answer.
      if (isUnionType(type)) expect(found && factsOf(found).sort()).toEqual(factsOf(type).sort())
    }
  })

  test('@rateLimit', () => {
    const expected = contract.getDirective('rateLimit')
    const found = served.getDirective('rateLimit')
    expect(found?.isRepeatable).toBe(true)
    expect(found?.locations).toEqual(expected?.locations)
    expect(found?.args.map(written)).toEqual(expected?.args.map(written))
  })
})

/** Budget by budget: how many, within how long, whose. */
const BUDGETS: Record<string, [number, number, string[]][]> = {
  register: [[10, HOUR, ['IP']]],
  resendVerification: [
    [5, HOUR, ['IP', 'EMAIL']],
    [20, HOUR, ['IP']],
  ],
  verifyEmail: [[30, 15 * MINUTE, ['IP']]],
  confirmEmailChange: [[30, 15 * MINUTE, ['IP']]],
  login: [
    [10, 15 * MINUTE, ['IP', 'EMAIL']],
    [100, 15 * MINUTE, ['IP']],
  ],
  refreshSession: [
    [60, MINUTE, ['SESSION']],
    [60, MINUTE, ['IP']],
  ],
  requestReset: [
    [5, HOUR, ['IP', 'EMAIL']],
    [20, HOUR, ['IP']],
  ],
  confirmReset: [[20, 15 * MINUTE, ['IP']]],
  changePassword: [[10, HOUR, ['USER']]],
  requestEmailChange: [[10, HOUR, ['USER']]],
  deleteAccount: [[10, HOUR, ['USER']]],
  verifySecondFactor: [[30, 15 * MINUTE, ['IP']]],
  enrollTotp: [[10, HOUR, ['USER']]],
  confirmTotp: [[10, HOUR, ['USER']]],
  removeSecondFactor: [[10, HOUR, ['USER']]],
  renewRecoveryCodes: [[5, HOUR, ['USER']]],
  stepUp: [[20, 15 * MINUTE, ['USER']]],
}
/** Every other mutation demands a signed-in user. */
const SIGNED_IN: [number, number, string[]][] = [[60, MINUTE, ['USER']]]

describe('policy stands on the fields', () => {
  const mutations = Object.keys(contract.getMutationType()?.getFields() ?? {})

  test.each(mutations)('%s has its budgets', (name) => {
    const budgets = budgetsOf(createSchema({ development: false, loginCode: true })).get(name) ?? []
    const found = budgets.map(({ max, window, per }) => [max, window, [...per]])
    expect(found).toEqual(BUDGETS[name] ?? SIGNED_IN)
  })

  test('no mutation is without a budget', () => {
    const budgets = budgetsOf(createSchema({ development: true, loginCode: true }))
    const without = Object.keys(served.getMutationType()?.getFields() ?? {}).filter(
      (name) => !budgets.get(name)?.length,
    )
    expect(without).toEqual([])
  })

  test('every mutation that counts by user demands a signed-in user', async () => {
    const fields = Object.values(served.getMutationType()?.getFields() ?? {})
    const budgets = budgetsOf(createSchema({ development: false, loginCode: true }))
    const byUser = fields.filter(({ name }) => budgets.get(name)?.some(({ per }) => per.includes('USER')))
    expect(byUser.length).toBeGreaterThan(5)
    for (const { name, args } of byUser) {
      const given = args.map((arg) => `${arg.name}: ${placeholder(arg.type)}`).join(', ')
      const query = `mutation { ${name}${given && `(${given})`} { __typename } }`
      const { errors } = (await (await post(app.url, { query })).json()) as {
        errors?: { extensions: { code: string } }[]
      }
      expect([name, errors?.[0]?.extensions.code]).toEqual([name, 'UNAUTHENTICATED'])
    }
  })

  test('without a token only these queries answer', async () => {
    const query = '{ me { id } passwordPolicy { minLength } devInbox(to: "nobody@example.com") { text } }'
    const { data } = (await (await post(app.url, { query })).json()) as { data: Record<string, unknown> }
    expect(data).toEqual({ me: null, passwordPolicy: { minLength: 8 }, devInbox: [] })
    expect(Object.keys(served.getQueryType()?.getFields() ?? {}).sort()).toEqual(Object.keys(data).sort())
  })
})

/** A value that the type takes, whatever it means. */
function placeholder(type: GraphQLInputType): string {
  const named = getNamedType(type)
  if (isEnumType(named)) return named.getValues()[0]?.name ?? ''
  if (!isInputObjectType(named)) return named.name === 'JSONObject' ? '{}' : '"x"'
  const fields = Object.values(named.getFields()).map((field) => `${field.name}: ${placeholder(field.type)}`)
  return `{ ${fields.join(', ')} }`
}

describe('in production', () => {
  let production: TestApp
  beforeAll(async () => {
    production = await startTestApp({ env: PRODUCTION })
  })
  afterAll(() => production.close())

  test('there is no inbox', async () => {
    const answer = await post(
      production.url,
      { query: '{ devInbox(to: "a@example.com") { text } }' },
      { headers: BY_TLS },
    )
    expect(answer.status).toBe(400)
    const schema = createSchema({ development: false, loginCode: true })
    expect(schema.getQueryType()?.getFields()).not.toHaveProperty('devInbox')
    expect(schema.getType('DevMail')).toBeUndefined()
  })

  test.each(['{ __schema { types { name } } }', '{ __type(name: "User") { name } }'])(
    '%s is refused',
    async (query) => {
      const answer = await post(production.url, { query }, { headers: BY_TLS })
      expect(answer.status).toBe(400)
      expect(await answer.text()).not.toMatch(/Apollo|introspection: true|"data"/)
    },
  )

  test('but __typename is not, and the landing page is away', async () => {
    expect((await post(production.url, { query: '{ __typename }' }, { headers: BY_TLS })).status).toBe(200)
    const page = await fetch(`${production.url}/graphql`, { headers: { ...BY_TLS, accept: 'text/html' } })
    expect([page.status, page.headers.get('content-type')]).toEqual([400, 'application/json; charset=utf-8'])
  })
})
