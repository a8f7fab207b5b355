import { getDirective } from '@graphql-tools/utils'
import {
  type ConstDirectiveNode,
  DirectiveLocation,
  GraphQLDirective,
  GraphQLEnumType,
  GraphQLInt,
  GraphQLList,
  GraphQLNonNull,
  type GraphQLSchema,
  GraphQLString,
  Kind,
  parse,
} from 'graphql'
import type { BudgetKey, FieldBudget } from '../config/budgets'
import { formatDuration, parseDuration } from '../lib/duration'

const RateLimitKey = new GraphQLEnumType({
  name: 'RateLimitKey',
  values: {
    IP: {
      value: 'IP',
      description:
        "The client's address: IPv4, or an IPv6 /64. A /56 has ten times, a /48 a hundred times the budget of a /64.",
    },
    EMAIL: { value: 'EMAIL', description: 'The e-mail address in the input.' },
    USER: { value: 'USER', description: 'The signed-in user.' },
    SESSION: {
      value: 'SESSION',
      description:
        'The session of the presented refresh token. Where it is known, only such budgets count; where it is not, only the others do.',
    },
  } satisfies Record<BudgetKey, { value: BudgetKey; description: string }>,
})

/** The directive `@rateLimit`; every occurrence on a field is a budget of its own. */
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

/** The budgets of each mutation field, in the order of the schema. Throws if a window is malformed. */
export function budgetsOf(schema: GraphQLSchema): Map<string, readonly FieldBudget[]> {
  const fields = Object.values(schema.getMutationType()?.getFields() ?? {})
  return new Map(
    fields.map((field) => {
      const directives = getDirective(schema, field, 'rateLimit') ?? []
      return [field.name, directives.map((directive) => readBudget(field.name, directive))]
    }),
  )
}

function readBudget(field: string, { max, window, per }: Record<string, unknown>): FieldBudget {
  const milliseconds = parseDuration(String(window))
  if (milliseconds === null) throw new Error(`@rateLimit on ${field}: ${String(window)} is no duration`)
  return { max: Number(max), window: milliseconds, per: per as BudgetKey[] }
}

/** How the configuration changes the budgets of the schema. */
export interface BudgetChanges {
  /** The maximum of every budget is multiplied by it. */
  factor: number
  /** Budgets that replace a field's own; they are not multiplied. */
  replaced: Readonly<Record<string, readonly FieldBudget[]>>
}

/** Writes the budgets in force to the fields: as directives, and in the descriptions, since introspection shows no directives. */
export function changeBudgets(schema: GraphQLSchema, { factor, replaced }: BudgetChanges): void {
  const ofFields = budgetsOf(schema)
  for (const field of Object.values(schema.getMutationType()?.getFields() ?? {})) {
    const own = (ofFields.get(field.name) ?? []).map((budget) => ({ ...budget, max: budget.max * factor }))
    const inForce = replaced[field.name] ?? own
    const spelled = `Budgets: ${inForce.map(spellBudget).join(', ')}.`
    field.description = field.description ? `${field.description}\n${spelled}` : spelled
    if (!field.astNode) continue
    const others = (field.astNode.directives ?? []).filter(({ name }) => name.value !== 'rateLimit')
    field.astNode = { ...field.astNode, directives: [...others, ...inForce.flatMap(directiveNodes)] }
  }
}

/** In the syntax of docs/reference/graphql.md and RATE_LIMIT_<FIELD>. */
export function spellBudget({ max, window, per }: FieldBudget): string {
  return `${max} / ${formatDuration(window)} per ${per.join('+')}`
}

function directiveNodes({ max, window, per }: FieldBudget): readonly ConstDirectiveNode[] {
  const directive = `@rateLimit(max: ${max}, window: "${formatDuration(window)}", per: [${per.join(', ')}])`
  const [definition] = parse(`scalar Budget ${directive}`).definitions
  return definition?.kind === Kind.SCALAR_TYPE_DEFINITION ? (definition.directives ?? []) : []
}
