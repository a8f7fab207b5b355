import type { FastifyReply, FastifyRequest } from 'fastify'
import { PROFILE } from '../config/defaults'
import { negotiateLocale } from '../i18n/negotiate'
import { canonicalIp, networksOf } from '../lib/ipAddress'
import { decodeUtf8 } from '../lib/utf8'
import type { ClientInfo } from '../services/deps'

/** The client of a request. Its address is the socket's, or the one that a trusted proxy or a service that may forwards. */
export function clientInfoOf(request: FastifyRequest, reply: FastifyReply): ClientInfo {
  // A trusted proxy may forward what is no address: then the proxy's own address is used.
  const socket = request.raw.socket.remoteAddress ?? ''
  const ipAddress = request.forwardedAddress ?? canonicalIp(request.ip) ?? canonicalIp(socket) ?? '0.0.0.0'
  return {
    ipAddress,
    networks: networksOf(ipAddress),
    userAgent: userAgentOf(request),
    locale: negotiateLocale(request.headers['accept-language']),
    requestId: request.id,
    log: request.log,
    signal: disconnectSignal(reply),
  }
}

function userAgentOf({ headers }: FastifyRequest): string | null {
  const text = headers['user-agent']
  if (text === undefined) return null
  // Node reads headers as Latin-1; clients that write other letters send UTF-8.
  const decoded = decodeUtf8(Buffer.from(text, 'latin1')) ?? text
  return decoded
    .replace(/[\p{Cc}\p{Zl}\p{Zp}]/gu, ' ')
    .slice(0, PROFILE.userAgentMaxLength)
    .toWellFormed()
}

/** Aborts when the connection closes before the response is written. */
function disconnectSignal({ raw }: FastifyReply): AbortSignal {
  const disconnected = new AbortController()
  raw.once('close', () => {
    if (!raw.writableFinished) disconnected.abort()
  })
  return disconnected.signal
}
