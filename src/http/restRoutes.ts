import type { ApolloServer } from '@apollo/server'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { type GraphQLFormattedError, type GraphQLSchema, print } from 'graphql'
import { REST_ROUTES, type RestRoute } from './restTable'
import { routeField } from './routeField'
import { type ErrorCode, type RequestErrorCode, statusOf } from '../errors/catalogue'
import type { Context } from '../graphql/context'
import { text } from '../i18n/text'

interface RestOptions {
  apollo: ApolloServer<Context>
  contextOf: (request: FastifyRequest, reply: FastifyReply) => Context
  /** The configuration decides which fields it has. */
  schema: GraphQLSchema
}

/** Serves the table of routes: each runs its operation as a GraphQL request would, and unwraps the response. */
export function restRoutes(app: FastifyInstance, { apollo, contextOf, schema }: RestOptions): void {
  for (const route of REST_ROUTES) {
    if (!routeField(schema, route.document).field) continue
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
  const { http, body } = await apollo.executeOperation<OperationData>({ query, variables }, { contextValue })
  if (body.kind !== 'single') throw new Error('An operation answered in parts')
  for (const [name, value] of http.headers) void reply.header(name, value)

  const { data, errors } = body.singleResult
  if (errors?.[0]) return fail(reply, fromGraphQL(errors[0]))
  const result = Object.values(data ?? {})[0]
  if (!result) return fail(reply, unauthenticated(contextValue))
  if (isFailure(result)) return fail(reply, result, route.failures)
  return reply.code(route.status).send(result)
}

type Failure = { code: ErrorCode; message: string } & Record<string, unknown>
type Result = Failure | Record<string, unknown>
type OperationData = Record<string, Result | null>

function isFailure(result: Result): result is Failure {
  return 'code' in result
}

function fail(reply: FastifyReply, failure: Failure, own: Partial<Record<ErrorCode, number>> = {}): FastifyReply {
  const status = own[failure.code] ?? statusOf(failure.code)
  if (status === 401) void reply.header('www-authenticate', 'Bearer') // RFC 9110 §11.6.1
  return reply.code(status).send({ error: failure })
}

function fromGraphQL({ message, extensions }: GraphQLFormattedError): Failure {
  return { ...(extensions as { code: RequestErrorCode }), message }
}

/** Only `me` may resolve to null, and only without a signed-in viewer. */
function unauthenticated({ client }: Context): Failure {
  return { code: 'UNAUTHENTICATED', message: text(client.locale).errors.UNAUTHENTICATED }
}
