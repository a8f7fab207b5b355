import type { FastifyReply, FastifyRequest } from 'fastify'
import { PROFILE } from '../config/defaults'
import { negotiateLocale } from '../i18n/negotiate'
import { budgetPrefix, canonicalIp } from '../lib/ipAddress'
import type { Client } from '../services/deps'

/** Who sends this request. The address is the socket's, or what a trusted proxy says of it. */
export function clientOf(request: FastifyRequest, reply: FastifyReply): Client {
  // A trusted proxy may pass on what is no address: then it is the proxy that is counted.
  const socket = request.raw.socket.remoteAddress ?? ''
  const ipAddress = canonicalIp(request.ip) ?? canonicalIp(socket) ?? '0.0.0.0'
  const userAgent = request.headers['user-agent'] ?? null
  return {
    ipAddress,
    budgetPrefix: budgetPrefix(ipAddress),
    userAgent: userAgent?.replace(/[\p{Cc}\p{Zl}\p{Zp}]/gu, ' ').slice(0, PROFILE.userAgentMaxLength) ?? null,
    locale: negotiateLocale(request.headers['accept-language']),
    requestId: request.id,
    connection: request.raw.socket,
    signal: goneSignal(reply),
  }
}

/** Aborted when the connection closes before the answer is written. */
function goneSignal({ raw }: FastifyReply): AbortSignal {
  const gone = new AbortController()
  raw.once('close', () => {
    if (!raw.writableFinished) gone.abort()
  })
  return gone.signal
}
