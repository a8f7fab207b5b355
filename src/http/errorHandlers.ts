import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { RequestErrorCode } from '../errors/catalogue'
import { isGraphQLPath, pathOf } from './path'
import { negotiateLocale } from '../i18n/negotiate'
import { text } from '../i18n/text'

interface Failure {
  status: number
  code: RequestErrorCode | 'NOT_FOUND'
  /** Instead of the catalogue's message for the code. */
  message?: string
}

/** Sends an error of the protocol in the format of the path: GraphQL's `errors`, or REST's `error`. */
export function sendError(request: FastifyRequest, reply: FastifyReply, failure: Failure): FastifyReply {
  const { status, code } = failure
  const message = failure.message ?? text(negotiateLocale(request.headers['accept-language'])).errors[code]
  const reference = code === 'INTERNAL_SERVER_ERROR' ? { requestId: request.id } : {}
  const body = isGraphQL(request)
    ? { errors: [{ message, extensions: { code, ...reference } }] }
    : { error: { code, message, ...reference } }
  return reply.code(status).type('application/json; charset=utf-8').send(body)
}

function isGraphQL(request: FastifyRequest): boolean {
  return isGraphQLPath(pathOf(request))
}

/** Handles bodies that cannot be read, paths that do not exist, methods that a path does not allow, and faults of the server. */
export function errorHandlers(app: FastifyInstance): void {
  app.setErrorHandler((error: { statusCode?: number }, request, reply) => {
    const status = error.statusCode ?? 500
    if (status >= 400 && status < 500) return sendError(request, reply, { status, code: 'BAD_REQUEST' })
    request.ownLog.error({ event: 'request_failed', err: error }, 'request_failed')
    return sendError(request, reply, { status: 500, code: 'INTERNAL_SERVER_ERROR' })
  })
  app.setNotFoundHandler((request, reply) => {
    const url = pathOf(request)
    const allowed = (['GET', 'HEAD', 'POST'] as const).filter((method) => app.hasRoute({ method, url }))
    // A route of this method that passes here found nothing itself: another method would not help.
    const isMissing = allowed.length === 0 || allowed.some((method) => method === request.method)
    if (isMissing) return sendError(request, reply, { status: 404, code: 'NOT_FOUND' })
    void reply.header('allow', [...allowed, 'OPTIONS'].join(', '))
    return sendError(request, reply, { status: 405, code: 'BAD_REQUEST' })
  })
}
