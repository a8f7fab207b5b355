import type { FastifyInstance } from 'fastify'

/** Warns once of a forwarded header from a peer that is not trusted: most likely a proxy that TRUST_PROXY does not name. */
export function proxyWarning(app: FastifyInstance): void {
  let warned = false
  app.addHook('onRequest', (request, _reply, done) => {
    const { 'x-forwarded-for': hops, 'x-forwarded-proto': protocol } = request.headers
    // Fastify sets request.ips only if trustProxy is on; one entry means that the peer was not trusted.
    const ignored = request.ips ? hops !== undefined && request.ips.length === 1 : (hops ?? protocol) !== undefined
    const peer = request.raw.socket.remoteAddress // undefined once the connection is closed
    if (!warned && ignored && peer !== undefined) {
      warned = true
      request.ownLog.warn(
        { event: 'untrusted_forwarding', peer },
        'A peer that TRUST_PROXY does not name sends forwarded headers: they are ignored',
      )
    }
    done()
  })
}
