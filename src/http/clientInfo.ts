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
  let signal: AbortSignal | undefined
  // What most requests do not ask for is made when it is asked for.
  return {
    ipAddress,
    get networks() {
      return networksOf(ipAddress)
    },
    userAgent: userAgentOf(request),
    locale: negotiateLocale(request.headers['accept-language']),
    requestId: request.id,
    get log() {
      return request.ownLog
    },
    get signal() {
      return (signal ??= disconnectSignal(reply))
    },
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

/** Aborts when the connection closes before the response is written, or has done so already. */
function disconnectSignal({ raw }: FastifyReply): AbortSignal {
  if (raw.closed && !raw.writableFinished) return AbortSignal.abort()
  const disconnected = new AbortController()
  raw.once('close', () => {
    if (!raw.writableFinished) disconnected.abort()
  })
  return disconnected.signal
}
