import { MapperKind, mapSchema } from '@graphql-tools/utils'
import {
  GraphQLError,
  type GraphQLFieldResolver,
  type GraphQLOutputType,
  type GraphQLSchema,
  defaultFieldResolver,
  getNullableType,
  isUnionType,
} from 'graphql'
import { budgetsOf } from './budgets'
import type { Context } from './context'
import { TokenTransport } from './objects/tokens'
import { chargeBudgets, refundCharges } from './rateLimit'
import { USER_ERRORS } from '../errors/catalogue'
import { outcomeOfClient } from '../errors/requestErrors'
import { UserError } from '../errors/userErrors'
import { describeUserError } from '../i18n/userErrors'

type Resolver = GraphQLFieldResolver<unknown, Context, Record<string, unknown>>

/** Mutations whose charge is refunded on success: a login with the right password is not a guess. */
const REFUNDED: ReadonlySet<string> = new Set(['login'])

/**
 * Wraps the resolver of every mutation: refuses a transport that cannot work, charges its rate limits, returns an expected failure as a
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
            requireUsableTransport(args, context)
            const charges = await chargeBudgets(ofField, { field: name, context, args })
            const result: unknown = await resolve(...call)
            if (REFUNDED.has(name)) await refundCharges(context, charges)
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

/** Throws a BAD_REQUEST where a browser would drop the cookie: the login would last until the page is loaded again. */
function requireUsableTransport({ input }: Record<string, unknown>, { crossSiteOrigin }: Context): void {
  const { transport } = Object(input) as { transport?: unknown }
  if (transport !== TokenTransport.COOKIE || crossSiteOrigin === null) return
  throw new GraphQLError(
    `No browser stores the refresh cookie for ${crossSiteOrigin}, which is another site than this server (localhost and ` +
      '127.0.0.1 are two sites as well). Open the page under the site of this server, or use the transport BODY.',
    { extensions: { code: 'BAD_REQUEST' } },
  )
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
