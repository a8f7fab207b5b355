import { MapperKind, mapSchema } from '@graphql-tools/utils'
import { type GraphQLFieldConfig, type GraphQLSchema, defaultFieldResolver } from 'graphql'
import type { Context } from './context'
import { span } from '../ops/tracing'

type Field = GraphQLFieldConfig<unknown, Context, Record<string, unknown>>

/** Runs each field of Query and Mutation in a span that tells the outcome: SUCCESS, or the code of an expected failure. */
export function traceOperations(schema: GraphQLSchema): GraphQLSchema {
  const traced =
    (operation: 'query' | 'mutation') =>
    (config: Field, name: string): Field => {
      const { resolve = defaultFieldResolver } = config
      return {
        ...config,
        resolve: (...call) =>
          span(`${operation} ${name}`, {}, async ({ set }) => {
            const result: unknown = await resolve(...call)
            const { code } = Object(result) as { code?: unknown }
            set({ 'gatehouse.outcome': typeof code === 'string' ? code : 'SUCCESS' })
            return result
          }),
      }
    }
  return mapSchema(schema, {
    [MapperKind.QUERY_ROOT_FIELD]: traced('query'),
    [MapperKind.MUTATION_ROOT_FIELD]: traced('mutation'),
  })
}
