import { buildSchema, parse, validate } from 'graphql'
import { limitsRule } from '../../src/graphql/limits'
import { budgetsOf } from '../../src/graphql/budgets'

const DIRECTIVE = `
  enum RateLimitKey { IP EMAIL USER }
  directive @rateLimit(max: Int!, window: String!, per: [RateLimitKey!]! = [IP]) repeatable on FIELD_DEFINITION
  type Query { a: Int }`

test('every occurrence on a field is a budget of its own, named by what it belongs to', () => {
  const schema = buildSchema(`${DIRECTIVE}
    type Mutation {
      login: Int @rateLimit(max: 5, window: "15m") @rateLimit(max: 20, window: "1h", per: [IP, EMAIL])
      free: Int
    }`)
  expect(budgetsOf(schema)).toEqual(
    new Map([
      [
        'login',
        [
          { per: ['IP'], max: 5, window: 900_000 },
          { per: ['IP', 'EMAIL'], max: 20, window: 3_600_000 },
        ],
      ],
      ['free', []],
    ]),
  )
})

test('a schema without mutations has no budgets', () => {
  expect(budgetsOf(buildSchema(DIRECTIVE)).size).toBe(0)
})

test('a window that is no duration stops the server before it starts, and names its field', () => {
  const schema = buildSchema(`${DIRECTIVE} type Mutation { login: Int @rateLimit(max: 5, window: "soon") }`)
  expect(() => budgetsOf(schema)).toThrow('@rateLimit on login: soon is no duration')
})

test('a fragment that is spread and not there costs nothing: validation refuses it', () => {
  const schema = buildSchema('type Query { a: Int }')
  const document = parse('{ a ...nowhere }')
  expect(validate(schema, document, [limitsRule])).toEqual([])
  expect(validate(schema, document).map(({ message }) => message)).toEqual(['Unknown fragment "nowhere".'])
})
