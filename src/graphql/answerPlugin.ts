import type { ApolloServerPlugin, GraphQLRequestContext, HTTPGraphQLHead } from '@apollo/server'
import type { GraphQLError } from 'graphql'
import type { Context } from './context'
import { judge, presentError } from './presentError'
import type { LeavingError } from '../errors/leaving'
import { framesOf } from '../lib/frames'

interface AnswerOptions {
  detailed: boolean
  /** The Set-Cookie header that puts a refresh token into the browser, or clears it. */
  cookie: (change: NonNullable<Context['answer']['refreshCookie']>) => string
}

/** Writes what the operation answered beside its data: headers, cookie, and errors in the client's language. */
export function answerPlugin({ detailed, cookie }: AnswerOptions): ApolloServerPlugin<Context> {
  return {
    requestDidStart: () =>
      Promise.resolve({
        willSendResponse: (request: GraphQLRequestContext<Context>) => {
          const { answer } = request.contextValue
          const head = request.response.http
          head.headers.set('cache-control', 'no-store')
          if (answer.retryAfter !== null) head.headers.set('retry-after', String(answer.retryAfter))
          if (answer.refreshCookie) head.headers.set('set-cookie', cookie(answer.refreshCookie))
          answerErrors(request, detailed)
          return Promise.resolve()
        },
      }),
  }
}

/** What is wrong with the document or its variables, rather than with the request that carries them. */
const IN_DOCUMENT: ReadonlySet<string> = new Set([
  'GRAPHQL_PARSE_FAILED',
  'GRAPHQL_VALIDATION_FAILED',
  'BAD_USER_INPUT',
])

function answerErrors(context: GraphQLRequestContext<Context>, detailed: boolean): void {
  const { errors, response, contextValue } = context
  if (!errors || response.body?.kind !== 'single') return
  const { client, deps } = contextValue
  response.body.singleResult.errors = errors.map((error) =>
    presentError(error, { locale: client.locale, requestId: client.requestId, detailed }),
  )
  for (const error of errors) {
    const leaving = judge(error)
    apply(leaving, response.http)
    if (IN_DOCUMENT.has(leaving.code) && takesPlainJsonOnly(context)) response.http.status = 200
    if (leaving.fault) report(deps.logger, error, client.requestId)
  }
}

/** GraphQL over HTTP: to a client that knows application/json alone, a well-formed answer is a 200, whatever it says. */
function takesPlainJsonOnly({ request }: GraphQLRequestContext<Context>): boolean {
  return /^application\/json(?:;[^,]*)?$/i.test(request.http?.headers.get('accept') ?? '')
}

function apply({ status, retryAfter }: LeavingError, head: HTTPGraphQLHead): void {
  if (status !== null) head.status = status
  if (retryAfter !== null) head.headers.set('retry-after', String(retryAfter))
}

/** What the client is not told: the kind and the place of the fault. Never its message, which may quote a value. */
function report(logger: Context['deps']['logger'], { originalError, path }: GraphQLError, requestId: string): void {
  const { name } = originalError ?? new Error('unknown')
  const code = (originalError as { code?: unknown } | undefined)?.code
  const frames = framesOf(originalError)
  logger.error({ event: 'request_failed', requestId, path, error: name, code, frames }, 'request_failed')
}
