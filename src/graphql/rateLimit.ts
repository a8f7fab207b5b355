import { getDirective } from '@graphql-tools/utils'
import {
  DirectiveLocation,
  GraphQLDirective,
  GraphQLEnumType,
  GraphQLInt,
  GraphQLList,
  GraphQLNonNull,
  GraphQLString,
} from 'graphql'
import type { GraphQLSchema } from 'graphql'
import type { MiddlewareFn } from 'type-graphql'
import type { Context } from './context'
import { RateLimitedError } from '../errors/userErrors'
import { parseDuration } from '../lib/duration'
import { canonicalEmail } from '../lib/emailAddress'
import type { Budget, Charge } from '../ratelimit/rateLimiter'

type KeyPart = 'IP' | 'EMAIL' | 'USER'
interface FieldBudget {
  budget: Budget
  per: readonly KeyPart[]
}

const RateLimitKey = new GraphQLEnumType({
  name: 'RateLimitKey',
  values: {
    IP: { value: 'IP', description: "The client's address: IPv4, or an IPv6 /64." },
    EMAIL: { value: 'EMAIL', description: 'The e-mail address in the input.' },
    USER: { value: 'USER', description: 'The signed-in user.' },
  },
})

/** `@rateLimit` as the schema prints it; every occurrence on a field is a budget of its own. */
export const rateLimitDirective = new GraphQLDirective({
  name: 'rateLimit',
  description:
    'Refuses a field once its budget is spent. Repeatable: every occurrence is a budget of its own, and\nthe tightest one decides. `per` names what one budget belongs to; several names make one joint key.',
  locations: [DirectiveLocation.FIELD_DEFINITION],
  isRepeatable: true,
  args: {
    max: { type: new GraphQLNonNull(GraphQLInt), description: 'How many calls one window admits.' },
    window: { type: new GraphQLNonNull(GraphQLString), description: "The window's length, as in `15m`, `1h`, `30s`." },
    per: {
      type: new GraphQLNonNull(new GraphQLList(new GraphQLNonNull(RateLimitKey))),
      defaultValue: ['IP'],
      description: "Whose budget it is: the client's address, the e-mail address in the input, the signed-in user.",
    },
  },
})

/** The budgets that stand on each field of the mutation type, in the order of the schema. Throws for a window it cannot read. */
export function budgetsOf(schema: GraphQLSchema): Map<string, FieldBudget[]> {
  const fields = Object.values(schema.getMutationType()?.getFields() ?? {})
  return new Map(
    fields.map((field) => {
      const directives = getDirective(schema, field, 'rateLimit') ?? []
      return [field.name, directives.map((directive) => fieldBudget(field.name, directive))]
    }),
  )
}

function fieldBudget(field: string, { max, window, per }: Record<string, unknown>): FieldBudget {
  const milliseconds = parseDuration(String(window))
  if (milliseconds === null) throw new Error(`@rateLimit on ${field}: ${String(window)} is no duration`)
  const parts = per as KeyPart[]
  return { per: parts, budget: { name: `${field}:${parts.join('+')}`, max: Number(max), window: milliseconds } }
}

/** Takes one call from every budget of the field, before anything else is done for it. Throws a RateLimitedError. */
export function rateLimit(): MiddlewareFn<Context> {
  let budgets: Map<string, FieldBudget[]> | undefined
  return async ({ args, context, info }, next: () => Promise<unknown>) => {
    if (info.parentType !== info.schema.getMutationType()) return next()
    budgets ??= budgetsOf(info.schema)
    const ofField = budgets.get(info.fieldName) ?? []
    const charges: Charge[] = []
    for (const { budget, per } of ofField) {
      const parts = await Promise.all(per.map((part) => subjectOf(part, context, args)))
      charges.push({ budget, subject: parts.join(' ') })
    }
    const wait = await context.deps.limiter.take(charges)
    if (wait > 0) throw new RateLimitedError(wait)
    return next()
  }
}

async function subjectOf(part: KeyPart, context: Context, args: Record<string, unknown>): Promise<string> {
  switch (part) {
    case 'IP':
      return context.client.budgetPrefix
    case 'EMAIL': {
      const email = (args.input as { email?: unknown } | undefined)?.email
      // What is no address is refused by the operation; until then it is counted as it stands.
      return typeof email === 'string' ? (canonicalEmail(email) ?? email.slice(0, 254)) : ''
    }
    case 'USER':
      return (await context.demandViewer()).account.id
    default:
      return part satisfies never
  }
}
