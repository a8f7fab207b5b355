import type { AddressInfo } from 'node:net'
import type { FastifyInstance } from 'fastify'
import type { Config } from '../config/config'

/** Where a listening server is reached, as in `http://127.0.0.1:4000`. */
export function addressOf(server: FastifyInstance, { host, tls }: Pick<Config, 'host' | 'tls'>): string {
  const { port } = server.server.address() as AddressInfo
  return `${tls ? 'https' : 'http'}://${host.includes(':') ? `[${host}]` : host}:${port}`
}
