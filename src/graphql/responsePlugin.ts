import type { ApolloServerPlugin, GraphQLRequestContext, HTTPGraphQLHead } from '@apollo/server'
import type { Context } from './context'
import { classify, presentError } from './presentError'
import type { PublicError } from '../errors/publicError'

/** What of a context its answer needs. */
export type Answering = Pick<Context, 'client' | 'response'>

interface ResponseOptions {
  detailed: boolean
  /** The Set-Cookie header that sets the refresh token, or clears it. */
  cookie: (change: NonNullable<Context['response']['refreshCookie']>) => string
}

/** Writes headers, the cookie, and errors in the client's language to the response. */
export function responsePlugin({ detailed, cookie }: ResponseOptions): ApolloServerPlugin<Answering> {
  return {
    requestDidStart: () =>
      Promise.resolve({
        willSendResponse: (request: GraphQLRequestContext<Answering>) => {
          const { retryAfter, refreshCookie } = request.contextValue.response
          const head = request.response.http
          head.headers.set('cache-control', 'no-store')
          if (retryAfter !== null) head.headers.set('retry-after', String(retryAfter))
          if (refreshCookie) head.headers.set('set-cookie', cookie(refreshCookie))
          writeErrors(request, detailed)
          return Promise.resolve()
        },
      }),
  }
}

/** Codes of errors in the document or its variables, as opposed to the HTTP request. */
const IN_DOCUMENT: ReadonlySet<string> = new Set([
  'GRAPHQL_PARSE_FAILED',
  'GRAPHQL_VALIDATION_FAILED',
  'BAD_USER_INPUT',
])

function writeErrors(context: GraphQLRequestContext<Answering>, detailed: boolean): void {
  const { errors, response, contextValue } = context
  if (!errors || response.body?.kind !== 'single') return
  const { client } = contextValue
  response.body.singleResult.errors = errors.map((error) =>
    presentError(error, { locale: client.locale, requestId: client.requestId, detailed }),
  )
  const classified = errors.map((error) => ({ error, publicError: classify(error) }))
  for (const { error, publicError } of classified) {
    setHeaders(publicError, response.http)
    if (publicError.isServerFault)
      client.log.error({ event: 'request_failed', path: error.path, err: error.originalError }, 'request_failed')
  }
  // A document beyond a limit stays a 400, whatever else is wrong with it.
  const isInDocument = classified.every(({ publicError }) => IN_DOCUMENT.has(publicError.code))
  if (isInDocument && acceptsPlainJsonOnly(context)) response.http.status = 200
}

/** GraphQL over HTTP: a client that accepts application/json alone gets a 200 for every well-formed response. */
function acceptsPlainJsonOnly({ request }: GraphQLRequestContext<Answering>): boolean {
  return /^application\/json(?:;[^,]*)?$/i.test(request.http?.headers.get('accept') ?? '')
}

function setHeaders({ status, retryAfter }: PublicError, head: HTTPGraphQLHead): void {
  if (status !== null) head.status = status
  if (retryAfter !== null) head.headers.set('retry-after', String(retryAfter))
}
