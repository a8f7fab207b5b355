import { type GraphQLSchema, OperationTypeNode } from 'graphql'
import { expectedFailures, isError, requestFailures } from './failures'
import { inputsOf } from './inputs'
import { type Known, knownOf } from './known'
import { ResponseRegistry, successResponse } from './responses'
import { type JsonSchema, SchemaRegistry, described } from './schemas'
import { summaryOf } from './summaries'
import { refreshCookieName } from '../refreshCookie'
import { REST_ROUTES } from '../restTable'

export type OpenApiDocument = Readonly<Record<string, unknown>>

/** The REST routes that a schema has, as OpenAPI 3.1: inputs and answers with their types, failures with their codes. */
export function openApiDocument(schema: GraphQLSchema, { secureCookies }: { secureCookies: boolean }): OpenApiDocument {
  const schemas = new SchemaRegistry()
  const responses = new ResponseRegistry()
  const paths: Record<string, Record<string, unknown>> = {}
  for (const route of REST_ROUTES) {
    const known = knownOf(route, { schema, schemas })
    const path = route.url.replace(/:(\w+)/g, '{$1}')
    if (known) paths[path] = { ...paths[path], [route.method.toLowerCase()]: operationOf(known, responses) }
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Gatehouse',
      version: '1',
      description:
        'Registration, login, sessions and accounts. Every route runs an operation of the GraphQL API, with the same rate limits. ' +
        'A failure is `{"error": {"code", "message"}}`: programs read `code`, `message` is for people, in the language of Accept-Language. ' +
        'Clients ignore fields that they do not know.',
      license: { name: 'MIT', identifier: 'MIT' },
    },
    paths,
    components: {
      schemas: sorted(schemas.schemas),
      responses: sorted(responses.responses),
      headers: HEADERS,
      securitySchemes: securitySchemes(secureCookies),
    },
  }
}

function operationOf(known: Known, responses: ResponseRegistry): JsonSchema {
  const { name, route, field, operation, credentials } = known
  const operationId = name.charAt(0).toLowerCase() + name.slice(1)
  const { schema, setsCookie } = successOf(known)
  return {
    operationId,
    summary: summaryOf(operationId),
    // What the schema says of `me` is meant for GraphQL.
    ...described(operation === OperationTypeNode.MUTATION ? field.description : null),
    security: credentials.map((credential) => (credential === 'none' ? {} : { [credential]: [] })),
    ...inputsOf(known),
    responses: {
      [route.status]: successResponse(schema, { setsCookie }),
      ...responses.failures([...expectedFailures(known), ...requestFailures(known)]),
    },
  }
}

/** The answer of a success: the member of the union that is no failure, or what is asked of a type that other routes answer too. */
function successOf({ members, node, selection, schemas, name, credentials }: Known) {
  const [type] = members.filter((member) => !isError(member))
  if (!type) throw new Error(`${name} has no success`)
  const answer = selection.object(type, [node])
  const setsCookie = 'tokens' in Object(answer.properties) || credentials.includes('refreshCookie')
  const schema = /Success$/.test(type.name)
    ? selection.named(type, answer)
    : schemas.add(answer, [`${name}Answer`, `${name}Answer`])
  return { schema, setsCookie }
}

function sorted<T>(named: Record<string, T>): Record<string, T> {
  return Object.fromEntries(Object.entries(named).sort(([a], [b]) => (a < b ? -1 : 1)))
}

const HEADERS: Record<string, JsonSchema> = {
  RequestId: { description: 'Finds the request in the log.', required: true, schema: { type: 'string' } },
  RetryAfter: {
    description: 'Seconds until another try makes sense.',
    required: true,
    schema: { type: 'integer', minimum: 0 },
  },
  SetCookie: {
    description: 'The refresh token, where the transport is COOKIE; cleared at the end of its session.',
    schema: { type: 'string' },
  },
}

function securitySchemes(secure: boolean): Record<string, JsonSchema> {
  return {
    accessToken: {
      type: 'http',
      scheme: 'bearer',
      bearerFormat: 'JWT',
      description: '`tokens.accessToken` of a login.',
    },
    refreshCookie: {
      type: 'apiKey',
      in: 'cookie',
      name: refreshCookieName({ secure }),
      description:
        'Set by a login with the transport COOKIE. Read only with Content-Type: application/json and from an allowed origin.',
    },
  }
}
