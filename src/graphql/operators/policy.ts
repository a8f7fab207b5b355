import { MapperKind, mapSchema } from '@graphql-tools/utils'
import { type GraphQLFieldConfig, type GraphQLFieldResolver, type GraphQLSchema, defaultFieldResolver } from 'graphql'
import { SCOPE_OF_FIELD } from './authority'
import type { OperatorContext } from './context'
import { OPERATOR } from '../../config/operatorDefaults'
import { USER_ERRORS } from '../../errors/catalogue'
import { outcomeOfClient } from '../../errors/requestErrors'
import { RateLimitedError, UserError } from '../../errors/userErrors'
import { isStorable } from '../../lib/storableText'
import type { OperatorCaller } from '../../services/operatorCaller'
import { requireAuthority } from '../../services/steps/operatorAuthority'
import { failureAsData, memberNames } from '../mutationPolicy'
import { badInput } from '../pages'

type Field = GraphQLFieldConfig<unknown, OperatorContext>
type Resolver = GraphQLFieldResolver<unknown, OperatorContext>

/**
 * Wraps the resolver of every field at the root: who calls, whether they may, their budget, and that what they send can be
 * stored come before anything else. An expected failure is a member of the field's union, or else a top-level error. Throws if a field names no authority.
 */
export function applyOperatorPolicy(schema: GraphQLSchema): GraphQLSchema {
  return mapSchema(schema, {
    [MapperKind.QUERY_ROOT_FIELD]: (config: Field, name) => guarded(config, name, { writes: false }),
    [MapperKind.MUTATION_ROOT_FIELD]: (config: Field, name) => guarded(config, name, { writes: true }),
  })
}

function guarded(config: Field, name: string, { writes }: { writes: boolean }): Field {
  const scope = SCOPE_OF_FIELD[name]
  if (scope === undefined) throw new Error(`SCOPE_OF_FIELD does not name ${name}`)
  const { resolve = defaultFieldResolver } = config
  const members = memberNames(config.type)

  return {
    ...config,
    resolve: async (...call: Parameters<Resolver>) => {
      const context = call[2]
      const count = (outcome: string) => context.deps.metrics.operations.inc({ field: `operator.${name}`, outcome })
      try {
        const caller = await context.caller()
        await requireAuthority(context.deps, caller, { scope, writes })
        await chargeCaller(context, caller)
        if (!isStorable(call[1])) throw badInput('a text holds NUL or half of a surrogate pair')
        const result: unknown = await resolve(...call)
        count('SUCCESS')
        return result
      } catch (error) {
        const expected = error instanceof UserError && members.has(USER_ERRORS[error.code].type)
        count(error instanceof UserError ? error.code : (outcomeOfClient(error) ?? 'ERROR'))
        if (!expected) throw error
        return failureAsData(error, context)
      }
    },
  }
}

async function chargeCaller({ deps, client }: OperatorContext, caller: OperatorCaller): Promise<void> {
  const budget = { name: 'operator', max: OPERATOR.callsPerMinute, window: 60_000 }
  const subject = caller.kind === 'operator' ? caller.viewer.account.id : caller.id
  const wait = await deps.limiter.consume([{ budget, subject }], client.log)
  if (wait > 0) throw new RateLimitedError(wait)
}
