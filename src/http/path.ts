import type { FastifyRequest } from 'fastify'

/** The path of a request as it was sent, without its query. */
export function pathOf({ url }: FastifyRequest): string {
  return url.split('?', 1)[0] ?? '/'
}

/** Whether a path is that of a GraphQL API. */
export function isGraphQLPath(path: string): boolean {
  return path === '/graphql' || path === '/operator/graphql'
}
