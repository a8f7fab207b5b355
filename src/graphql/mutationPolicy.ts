import { MapperKind, mapSchema } from '@graphql-tools/utils'
import {
  type GraphQLFieldResolver,
  type GraphQLOutputType,
  type GraphQLSchema,
  defaultFieldResolver,
  getNullableType,
  isUnionType,
} from 'graphql'
import { budgetsOf } from './budgets'
import type { Context } from './context'
import { chargeBudgets, refundCharges } from './rateLimit'
import { USER_ERRORS } from '../errors/catalogue'
import { outcomeOfClient } from '../errors/requestErrors'
import { UserError } from '../errors/userErrors'
import { describeUserError } from '../i18n/userErrors'

type Resolver = GraphQLFieldResolver<unknown, Context, Record<string, unknown>>

/** Mutations whose charge is refunded on success: a login with the right password is not a guess. */
const REFUNDED: ReadonlySet<string> = new Set(['login'])

/**
 * Wraps the resolver of every mutation: charges its rate limits before anything else, returns an expected failure as a
 * member of its union, and counts the outcome. Throws if a budget of the schema is malformed.
 */
export function applyMutationPolicy(schema: GraphQLSchema): GraphQLSchema {
  const budgets = budgetsOf(schema)
  return mapSchema(schema, {
    [MapperKind.MUTATION_ROOT_FIELD]: (config, name) => {
      const { resolve = defaultFieldResolver } = config
      const members = memberNames(config.type)
      const ofField = budgets.get(name) ?? []

      return {
        ...config,
        resolve: async (...call: Parameters<Resolver>) => {
          const [, args, context] = call
          const count = (outcome: string) => context.deps.metrics.operations.inc({ field: name, outcome })
          try {
            const charges = await chargeBudgets(ofField, { field: name, context, args })
            const result: unknown = await resolve(...call)
            if (REFUNDED.has(name)) refundCharges(context, charges)
            count('SUCCESS')
            return result
          } catch (error) {
            const expected = error instanceof UserError && members.has(USER_ERRORS[error.code].type)
            count(expected ? error.code : (outcomeOfClient(error) ?? 'ERROR'))
            if (!expected) throw error
            return failureAsData(error, context)
          }
        },
      }
    },
  })
}

/** An expected failure as a member of a union; its Retry-After goes into the header too. */
export function failureAsData(error: UserError, { client, response }: Pick<Context, 'client' | 'response'>) {
  const described = describeUserError(error, client.locale)
  if ('retryAfter' in described) response.retryAfter = described.retryAfter
  return described
}

/** The names of the members of a field's union. */
export function memberNames(type: GraphQLOutputType): ReadonlySet<string> {
  const union = getNullableType(type)
  return new Set(isUnionType(union) ? union.getTypes().map(({ name }) => name) : [])
}
