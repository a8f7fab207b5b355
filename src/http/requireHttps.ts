import type { FastifyInstance } from 'fastify'
import { sendError } from './errorHandlers'
import { pathOf } from './path'

interface HttpsOptions {
  publicUrl: string
  isPage: (path: string) => boolean
}

/** Refuses plain http: a redirect would come after the credentials were sent in clear. Pages are redirected: they carry none. */
export function requireHttps(app: FastifyInstance, { publicUrl, isPage }: HttpsOptions): void {
  app.addHook('onRequest', (request, reply, done) => {
    const path = pathOf(request)
    if (request.protocol === 'https' || path.startsWith('/health/')) done()
    else if (/^(?:GET|HEAD)$/.test(request.method) && isPage(path)) void reply.redirect(publicUrl + request.url, 308)
    else sendError(request, reply, { status: 403, code: 'HTTPS_REQUIRED' })
  })
}
