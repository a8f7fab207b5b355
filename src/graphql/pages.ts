import { GraphQLError } from 'graphql'
import { type PageStart, pageStartOf } from '../lib/pageCursor'

interface Given {
  first: number
  after?: string | null
}

/** The arguments of a page. Throws a BAD_USER_INPUT for a size out of bounds or a cursor that is none of ours. */
export function pageOf({ first, after }: Given, maxPage: number): { first: number; after: PageStart | null } {
  if (first < 1 || first > maxPage) throw badInput(`first is 1 to ${maxPage}`)
  if (after === null || after === undefined) return { first, after: null }
  const start = pageStartOf(after)
  if (start === null) throw badInput('after is a cursor of an earlier page')
  return { first, after: start }
}

export function badInput(message: string): GraphQLError {
  return new GraphQLError(message, { extensions: { code: 'BAD_USER_INPUT' } })
}
