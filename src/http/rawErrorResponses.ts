import { randomUUID } from 'node:crypto'
import type { Server } from 'node:http'
import type { Duplex } from 'node:stream'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { HSTS } from './headers'
import { HTTP } from '../config/defaults'

/** The connection is closed, or its TLS handshake failed: no response can be sent. */
const CANNOT_RESPOND = /^ECONNRESET$|^EPIPE$|^ERR_(?:SSL|TLS)_/
const STATUS_OF: Partial<Record<string, string>> = {
  HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
  ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout',
}

/**
 * Responds to what reaches no route and no hook: bytes that are not HTTP, an undecodable path, CONNECT. Only the socket is
 * available, so the security headers are written here as well.
 */
export function rawErrorResponses({ hsts }: { hsts: boolean }) {
  const body = '{"error":{"code":"BAD_REQUEST","message":"The request could not be read."}}'
  const fixed = [
    'Content-Type: application/json; charset=utf-8',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'X-Content-Type-Options: nosniff',
    "Content-Security-Policy: default-src 'none';frame-ancestors 'none'",
    'X-Frame-Options: DENY',
    'Referrer-Policy: no-referrer',
    ...(hsts ? [`Strict-Transport-Security: max-age=${HSTS.maxAge}; includeSubDomains`] : []),
    'Cache-Control: no-store',
    'Connection: close',
  ].join('\r\n')

  /** Node removes its own error handler and timeouts from a CONNECT's socket, so every socket gets both here. */
  function respond(socket: Duplex | null, status: string): void {
    if (!socket?.writable) return void socket?.destroy()
    const timeout = setTimeout(() => socket.destroy(), HTTP.closeTimeout)
    socket.once('close', () => clearTimeout(timeout))
    socket.on('error', () => socket.destroy())
    socket.end(`HTTP/1.1 ${status}\r\nX-Request-Id: ${randomUUID()}\r\n${fixed}\r\n\r\n${body}`)
  }

  return {
    clientError: (error: Error & { code?: string }, socket: Duplex): void => {
      const code = error.code ?? ''
      if (CANNOT_RESPOND.test(code)) return void socket.destroy()
      respond(socket, STATUS_OF[code] ?? '400 Bad Request')
    },
    badUrl: (_error: Error, _request: FastifyRequest, reply: FastifyReply): void => {
      respond(reply.raw.socket, '400 Bad Request')
    },
    /** Node would close a CONNECT without a response, and refuse an unknown Expect without security headers. */
    listen: (server: Server): void => {
      server.on('connect', (_request, socket) => {
        respond(socket, '400 Bad Request')
        socket.resume() // unread bytes would turn the close into a reset, and the response would be lost
      })
      server.on('checkExpectation', (_request, { socket }) => respond(socket, '417 Expectation Failed'))
    },
  }
}
