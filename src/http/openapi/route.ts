import type { FastifyInstance } from 'fastify'
import type { GraphQLSchema } from 'graphql'
import { openApiDocument } from './document'

/** Seconds that the description may be cached: it changes with a release or a configuration only. */
const MAX_AGE = 300

interface RouteOptions {
  schema: GraphQLSchema
  secureCookies: boolean
}

/** The description of the REST routes of this server, public and for pages of any origin. */
export function openApiRoute(app: FastifyInstance, { schema, secureCookies }: RouteOptions): void {
  // Written at the first request: no start waits for what few servers are asked for.
  let body: string | undefined
  app.get('/api/openapi.json', (_request, reply) => {
    body ??= JSON.stringify(openApiDocument(schema, { secureCookies }))
    return reply
      .header('cache-control', `public, max-age=${MAX_AGE}`)
      .header('access-control-allow-origin', '*')
      .type('application/json; charset=utf-8')
      .send(body)
  })
}
