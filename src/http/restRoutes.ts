import type { ApolloServer } from '@apollo/server'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { type GraphQLFormattedError, print } from 'graphql'
import { REST_ROUTES, type RestRoute } from './restTable'
import type { UserErrorCode, RequestErrorCode } from '../errors/codes'
import type { Context } from '../graphql/context'
import { text } from '../i18n/text'

/** The HTTP status of each code, for a door that has no other place to say it. */
export const STATUS: Record<UserErrorCode | RequestErrorCode, number> = {
  INVALID_INPUT: 400,
  WEAK_PASSWORD: 400,
  INVALID_TOKEN: 400,
  EXPIRED_TOKEN: 400,
  INVALID_CREDENTIALS: 401,
  UNAUTHENTICATED: 401,
  EMAIL_NOT_VERIFIED: 403,
  HTTPS_REQUIRED: 403,
  NOT_FOUND: 404,
  RATE_LIMITED: 429,
  OVERLOADED: 503,
  SERVICE_UNAVAILABLE: 503,
  QUERY_TOO_COMPLEX: 400,
  BAD_USER_INPUT: 400,
  BAD_REQUEST: 400,
  PERSISTED_QUERY_NOT_SUPPORTED: 400,
  GRAPHQL_PARSE_FAILED: 400,
  GRAPHQL_VALIDATION_FAILED: 400,
  INTERNAL_SERVER_ERROR: 500,
}

interface RestOptions {
  apollo: ApolloServer<Context>
  contextOf: (request: FastifyRequest, reply: FastifyReply) => Context
}

/** Serves the table of routes: each runs its operation as a GraphQL request would, and unwraps the answer. */
export function restRoutes(app: FastifyInstance, { apollo, contextOf }: RestOptions): void {
  for (const route of REST_ROUTES) {
    const { method, url } = route
    const query = print(route.document) // once: Apollo would print a document anew for each request
    const handler = (request: FastifyRequest, reply: FastifyReply) =>
      serve(reply, route, {
        apollo,
        contextValue: contextOf(request, reply),
        query,
        variables: route.variables(request),
      })
    // A mail scanner's HEAD must not follow a link.
    app.route({ method, url, exposeHeadRoute: false, handler })
  }
}

interface Run {
  apollo: ApolloServer<Context>
  contextValue: Context
  query: string
  variables: Record<string, unknown>
}

async function serve(reply: FastifyReply, route: RestRoute, run: Run): Promise<FastifyReply> {
  const { apollo, contextValue, query, variables } = run
  const { http, body } = await apollo.executeOperation<Answer>({ query, variables }, { contextValue })
  if (body.kind !== 'single') throw new Error('An operation answered in parts')
  for (const [name, value] of http.headers) void reply.header(name, value)

  const { data, errors } = body.singleResult
  if (errors?.[0]) return fail(reply, fromGraphQL(errors[0]))
  const result = Object.values(data ?? {})[0]
  if (!result) return fail(reply, unauthenticated(contextValue))
  if (isFailure(result)) return fail(reply, result, route.failures)
  return reply.code(route.status).send(result)
}

type Failure = { code: UserErrorCode | RequestErrorCode; message: string } & Record<string, unknown>
type Result = Failure | Record<string, unknown>
type Answer = Record<string, Result | null>

function isFailure(result: Result): result is Failure {
  return 'code' in result
}

function fail(reply: FastifyReply, failure: Failure, own: Partial<typeof STATUS> = {}): FastifyReply {
  return reply.code(own[failure.code] ?? STATUS[failure.code]).send({ error: failure })
}

function fromGraphQL({ message, extensions }: GraphQLFormattedError): Failure {
  return { ...(extensions as { code: RequestErrorCode }), message }
}

/** Only `me` may answer nothing, and only to one who is not signed in. */
function unauthenticated({ client }: Context): Failure {
  return { code: 'UNAUTHENTICATED', message: text(client.locale).errors.UNAUTHENTICATED }
}
