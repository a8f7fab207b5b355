import { readFileSync, unwatchFile, watchFile } from 'node:fs'
import type { Server as TlsServer } from 'node:https'
import type { FastifyInstance, FastifyRequest, FastifyReply } from 'fastify'
import { sendFailure } from './failures'
import { pathOf } from './path'
import type { Config } from '../config/config'
import type { Logger } from '../ops/logger'

/** Milliseconds between two looks at the certificate files. */
const CERTIFICATE_LOOK = 5_000

export function readCertificate({ certFile, keyFile }: NonNullable<Config['tls']>): { cert: Buffer; key: Buffer } {
  return { cert: readFileSync(certFile), key: readFileSync(keyFile) }
}

/** Takes over a renewed certificate without a restart. A half-written pair keeps the old one; the next look tries again. */
export function reloadCertificate(
  server: Pick<TlsServer, 'setSecureContext'>,
  tls: NonNullable<Config['tls']>,
  logger: Logger,
): () => void {
  const reload = () => {
    try {
      server.setSecureContext(readCertificate(tls))
      logger.info({ event: 'certificate_reloaded' }, 'certificate_reloaded')
    } catch (error) {
      logger.error(
        { event: 'certificate_refused', reason: (error as NodeJS.ErrnoException).code ?? (error as Error).name },
        'The old certificate stays in use',
      )
    }
  }
  const files = [tls.certFile, tls.keyFile]
  for (const file of files) watchFile(file, { interval: CERTIFICATE_LOOK, persistent: false }, reload)
  return () => {
    for (const file of files) unwatchFile(file, reload)
  }
}

/** Demands TLS in production: credentials in clear are refused, not redirected; pages, which carry none yet, are. */
export function demandHttps(
  app: FastifyInstance,
  { publicUrl, isPage }: { publicUrl: string; isPage: (path: string) => boolean },
): void {
  app.addHook('onRequest', (request: FastifyRequest, reply: FastifyReply, done) => {
    const path = pathOf(request)
    if (request.protocol === 'https' || path.startsWith('/health/')) done()
    else if (/^(?:GET|HEAD)$/.test(request.method) && isPage(path)) void reply.redirect(publicUrl + request.url, 308)
    else sendFailure(request, reply, { status: 403, code: 'HTTPS_REQUIRED' })
  })
}

/** A forwarded header from a peer that is no trusted proxy: very likely a proxy that TRUST_PROXY forgot. Said once. */
export function watchForwarding(app: FastifyInstance, logger: Logger): void {
  let said = false
  app.addHook('onRequest', (request, _reply, done) => {
    const { 'x-forwarded-for': hops, 'x-forwarded-proto': protocol } = request.headers
    // Of a believed peer there are its own address and those it forwards; where none may be believed, there is no list.
    const ignored = request.ips ? hops !== undefined && request.ips.length === 1 : (hops ?? protocol) !== undefined
    const peer = request.raw.socket.remoteAddress // undefined once the connection is closed
    if (!said && ignored && peer !== undefined) {
      said = true
      logger.warn(
        { event: 'untrusted_forwarding', peer },
        'A peer that TRUST_PROXY does not name sends forwarded headers: they are ignored',
      )
    }
    done()
  })
}
