import type { FastifyInstance } from 'fastify'
import { refreshCookie } from './refreshCookie'
import { type ServerParts, createServer } from './server'
import { createApollo } from '../graphql/apollo'
import { createSchema } from '../graphql/schema'

/** The server with the schema that the configuration asks for. */
export async function apiServer(parts: Omit<ServerParts, 'apollo' | 'schema'>): Promise<FastifyInstance> {
  const { config, logger } = parts.deps
  const schema = createSchema({ development: config.devTools, traced: config.otlpEndpoint !== null, ...config })
  const cookie = refreshCookie({ secure: config.secureCookies })
  const apollo = createApollo({ schema, sandbox: config.sandbox, cookie, logger })
  await apollo.start()
  const server = await createServer({ ...parts, apollo, schema })
  server.addHook('onClose', () => apollo.stop())
  return server
}
