import { randomUUID } from 'node:crypto'
import {
  type GraphQLInputObjectType,
  type GraphQLInputType,
  type GraphQLObjectType,
  getNamedType,
  getNullableType,
  isInputObjectType,
  isListType,
  isRequiredInputField,
} from 'graphql'
import { createOperatorSchema } from '../../src/graphql/operators/schema'
import { createSchema } from '../../src/graphql/schema'
import { type TestApp, startTestApp } from '../support/app'
import { change, operate, personWithRoles } from '../support/operators'
import { PASSWORD, someone } from '../support/people'

let app: TestApp
let token: string

beforeAll(async () => {
  app = await startTestApp({ env: { OPERATOR_API: 'on', LOGIN_CODE: 'on' } })
  ;({ token } = await personWithRoles(app, { roles: ['operator'], aal: 2 }))
})
afterAll(() => app.close())

/** What PostgreSQL cannot store, or UTF-8 cannot encode. */
const TEXTS = ['a\0b', 'a\ud800b']

/** Values that pass the checks before the one in question, by the name of the field; other texts are `text`. */
const PLAUSIBLE: Record<string, () => unknown> = {
  email: someone,
  newEmail: someone,
  password: () => PASSWORD,
  currentPassword: () => PASSWORD,
  newPassword: () => PASSWORD,
  userId: randomUUID,
  scopes: () => ['users:read'],
  roles: () => [],
  claims: () => ({}),
}

/** Inputs that are right but for one text, which is `text`. */
function inputsWith(text: string, type: GraphQLInputObjectType): Record<string, unknown>[] {
  const fields = Object.values(type.getFields())
  const right = Object.fromEntries(
    fields.filter(isRequiredInputField).map(({ name }) => [name, PLAUSIBLE[name]?.() ?? 'text']),
  )
  return fields.flatMap((field) => valuesWith(text, field.type).map((value) => ({ ...right, [field.name]: value })))
}

function valuesWith(text: string, type: GraphQLInputType): unknown[] {
  const nullable = getNullableType(type)
  if (isListType(nullable)) return valuesWith(text, nullable.ofType).map((value) => [value])
  const { name } = getNamedType(nullable)
  if (name === 'String' || name === 'ID') return [text]
  return name === 'JSONObject' ? [{ name: text }, { [text]: 1 }, { list: [text] }] : []
}

/** The fields that take an input, with it. */
function fieldsWithInput(type: GraphQLObjectType | null | undefined, argument: string) {
  return Object.values(type?.getFields() ?? {}).flatMap(({ name, args }) => {
    const input = args.find((arg) => arg.name === argument)
    const named = input && getNamedType(input.type)
    return isInputObjectType(named) ? [[name, named] as const] : []
  })
}

const open = createSchema({ development: false, loginCode: true })
const operators = createOperatorSchema()

test.each(fieldsWithInput(open.getMutationType(), 'input'))('the mutation %s', async (name, type) => {
  const document = `mutation ($input: ${type.name}!) { result: ${name}(input: $input) { __typename } }`
  for (const text of TEXTS) {
    for (const input of inputsWith(text, type)) {
      const { code } = await operate(app.url, document, { token, variables: { input }, path: '/graphql' })
      expect({ input, code }).not.toMatchObject({ code: 'INTERNAL_SERVER_ERROR' })
    }
  }
})

test.each(fieldsWithInput(operators.getMutationType(), 'input'))(
  'the operators\u2019 mutation %s',
  async (name, type) => {
    for (const text of TEXTS) {
      for (const input of inputsWith(text, type)) {
        const { code } = await change(app, name, { token, input, selection: '__typename' })
        expect({ input, code }).toMatchObject({ code: 'BAD_USER_INPUT' })
      }
    }
  },
)

test.each(fieldsWithInput(operators.getQueryType(), 'filter'))('the operators\u2019 query %s', async (name, type) => {
  const document = `query ($filter: ${type.name}) { result: ${name}(filter: $filter) { __typename } }`
  for (const text of TEXTS) {
    for (const filter of inputsWith(text, type)) {
      const { code } = await operate(app.url, document, { token, variables: { filter } })
      expect({ filter, code }).toMatchObject({ code: 'BAD_USER_INPUT' })
    }
  }
})

test('a text of a nested field', async () => {
  const document = `query ($text: String!) { result: users(first: 1) { edges { node { auditEvents(after: $text) { __typename } } } } }`
  for (const text of TEXTS) {
    expect((await operate(app.url, document, { token, variables: { text } })).code).toBe('BAD_USER_INPUT')
  }
})
