import type { ApolloServer } from '@apollo/server'
import { fastifyApolloHandler } from '@as-integrations/fastify'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { SANDBOX_POLICY } from './headers'
import type { Answering } from '../graphql/responsePlugin'

interface GraphQLRouteOptions<Of extends Answering> {
  url: '/graphql' | '/operator/graphql'
  apollo: ApolloServer<Of>
  contextOf: (request: FastifyRequest, reply: FastifyReply) => Of
  sandbox: boolean
}

/** A GraphQL API. In development a browser gets Apollo Sandbox there. */
export function graphqlRoute<Of extends Answering>(
  app: FastifyInstance,
  { url, apollo, contextOf, sandbox }: GraphQLRouteOptions<Of>,
): void {
  const handler = fastifyApolloHandler(apollo, {
    context: (request, reply) => Promise.resolve(contextOf(request, reply)),
  })
  app.route({
    url,
    method: ['GET', 'POST'],
    onRequest: (request, reply, done) => {
      const page = sandbox && request.method === 'GET' && request.headers.accept?.includes('text/html')
      if (page) void reply.header('content-security-policy', SANDBOX_POLICY)
      done()
    },
    // Apollo names no charset for its page.
    onSend: async (_request, reply, payload) => {
      if (reply.getHeader('content-type') === 'text/html') void reply.header('content-type', 'text/html; charset=utf-8')
      return Promise.resolve(payload)
    },
    handler,
  })
}
