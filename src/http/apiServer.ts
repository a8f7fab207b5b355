import type { FastifyInstance } from 'fastify'
import { refreshCookie } from './refreshCookie'
import { type ServerParts, createServer } from './server'
import { FIRST_DOCUMENT, createApollo } from '../graphql/apollo'
import type { Context } from '../graphql/context'
import { createSchema } from '../graphql/schema'

/** The server with the schemas that the configuration asks for. */
export async function apiServer(
  parts: Omit<ServerParts, 'apollo' | 'operatorApollo' | 'schema'>,
): Promise<FastifyInstance> {
  const { config, logger } = parts.deps
  const schema = createSchema({ development: config.devTools, traced: config.otlpEndpoint !== null, ...config })
  const cookie = refreshCookie({ secure: config.secureCookies })
  const { sandbox } = config
  const apollo = createApollo<Context>({ schema, sandbox, cookie, logger, document: FIRST_DOCUMENT })
  await apollo.start()
  const operatorApollo =
    config.operatorApi && config.operatorPort === null
      ? await (await import('./operatorServer')).startOperatorApollo(parts.deps)
      : null
  const server = await createServer({ ...parts, apollo, operatorApollo, schema })
  server.addHook('onClose', () => apollo.stop())
  if (operatorApollo) server.addHook('onClose', () => operatorApollo.stop())
  return server
}
