import { collectFields } from '@graphql-tools/utils'
import {
  type FieldNode,
  type GraphQLObjectType,
  Kind,
  type SelectionSetNode,
  getOperationAST,
  isObjectType,
  isUnionType,
  validate,
} from 'graphql'
import { createSchema } from '../../src/graphql/schema'
import { REST_ROUTES, type RestRoute } from '../../src/http/restTable'

const schema = createSchema({ development: false, loginCode: true })
const mutations = schema.getMutationType()?.getFields() ?? {}
const queries = schema.getQueryType()?.getFields() ?? {}
const namesOf = (type: GraphQLObjectType) => Object.keys(type.getFields()).sort()

/** The field that a route runs. */
function fieldOf({ document }: RestRoute): FieldNode & { selectionSet: SelectionSetNode } {
  const [field] = getOperationAST(document)?.selectionSet.selections ?? []
  if (field?.kind !== Kind.FIELD || !field.selectionSet) throw new Error('A route runs one field with a selection')
  return { ...field, selectionSet: field.selectionSet }
}

/** What a route asks of its field where that answers this type. */
function selected(route: RestRoute, type: GraphQLObjectType): string[] {
  const fragments = Object.fromEntries(
    route.document.definitions.flatMap((node) =>
      node.kind === Kind.FRAGMENT_DEFINITION ? [[node.name.value, node]] : [],
    ),
  )
  const { fields } = collectFields(schema, fragments, {}, type, fieldOf(route).selectionSet)
  return [...fields.keys()].sort()
}

test('every mutation and every query has a route', () => {
  const routed = new Set(REST_ROUTES.map((route) => fieldOf(route).name.value))
  expect([...routed].sort()).toEqual([...Object.keys(mutations), ...Object.keys(queries)].sort())
})

test('the routes of `me` answer every field of the user', () => {
  const user = schema.getType('User') as GraphQLObjectType
  const routes = REST_ROUTES.filter((route) => fieldOf(route).name.value === 'me')
  expect([...new Set(routes.flatMap((route) => selected(route, user)))].sort()).toEqual(namesOf(user))
})

/** Left out on purpose: by REST the answer of `register` is the address alone; only a login by passkey says that none is known. */
const LEFT_OUT: Record<string, string[]> = {
  RegisterSuccess: ['challenge'],
  InvalidCredentialsError: ['unknownCredentialId'],
}

describe('a route of a mutation answers every field of its success and of each failure', () => {
  const routes = REST_ROUTES.filter((route) => fieldOf(route).name.value in mutations)

  test.each(routes.map(({ url }) => url))('%s', (url) => {
    const route = routes.find((other) => other.url === url)
    if (!route) throw new Error('It has just been listed')
    const type = schema.getType(String(mutations[fieldOf(route).name.value]?.type).replace('!', ''))
    const members = isUnionType(type) ? type.getTypes() : isObjectType(type) ? [type] : []
    expect(members.length).toBeGreaterThan(0)
    const asked = members.map((member) => [member.name, selected(route, member)])
    const wanted = members.map((member) => [
      member.name,
      namesOf(member).filter((name) => !LEFT_OUT[member.name]?.includes(name) || url === '/api/auth/passkey-login'),
    ])
    expect(asked).toEqual(wanted)
  })
})

test('no route stands twice, and each document is valid', () => {
  const names = REST_ROUTES.map(({ method, url }) => `${method} ${url}`)
  expect([...new Set(names)]).toEqual(names)
  for (const { document } of REST_ROUTES) expect(validate(schema, document)).toEqual([])
})
