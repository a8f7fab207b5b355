import type { FastifyInstance } from 'fastify'
import { sendError } from './errorHandlers'
import { pathOf } from './path'
import type { Config } from '../config/config'
import { isLoopbackInBrowsers } from '../config/values'

const MISDIRECTED = 421

/**
 * With development tools, answers requests for loopback names and PUBLIC_URL's host alone: a web page whose own name is made
 * to resolve to this machine (DNS rebinding) could read the inbox otherwise. Health probes name any host.
 */
export function allowedHosts(app: FastifyInstance, { devTools, publicUrl }: Config): void {
  if (!devTools) return
  const own = new URL(publicUrl).hostname
  const message = `With development tools, only localhost and the host of PUBLIC_URL (${own}) are answered.`
  app.addHook('onRequest', (request, reply, done) => {
    if (pathOf(request).startsWith('/health/') || isAllowed(request.headers.host)) done()
    else sendError(request, reply, { status: MISDIRECTED, code: 'BAD_REQUEST', message })
  })

  function isAllowed(host: string | undefined): boolean {
    if (host === undefined) return true // HTTP/1.0, which no browser uses
    const { hostname } = new URL(`http://${host}/`)
    return hostname === own || isLoopbackInBrowsers(hostname)
  }
}
