import type { ApolloServer } from '@apollo/server'
import { fastifyApolloHandler } from '@as-integrations/fastify'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { SANDBOX_POLICY } from './headers'
import type { Context } from '../graphql/context'

interface GraphQLRouteOptions {
  apollo: ApolloServer<Context>
  contextOf: (request: FastifyRequest, reply: FastifyReply) => Context
  sandbox: boolean
}

/** `/graphql`. In development a browser gets Apollo Sandbox there. */
export function graphqlRoute(app: FastifyInstance, { apollo, contextOf, sandbox }: GraphQLRouteOptions): void {
  const handler = fastifyApolloHandler(apollo, {
    context: (request, reply) => Promise.resolve(contextOf(request, reply)),
  })
  app.route({
    url: '/graphql',
    method: ['GET', 'POST'],
    onRequest: (request, reply, done) => {
      const page = sandbox && request.method === 'GET' && request.headers.accept?.includes('text/html')
      if (page) void reply.header('content-security-policy', SANDBOX_POLICY)
      done()
    },
    handler,
  })
}
