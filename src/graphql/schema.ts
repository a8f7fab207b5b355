import 'reflect-metadata'
import { type GraphQLSchema, specifiedDirectives } from 'graphql'
import { buildSchemaSync } from 'type-graphql'
import { type BudgetChanges, budgetsOf, changeBudgets, rateLimitDirective } from './budgets'
import type { Context } from './context'
import { rateLimit } from './rateLimit'
import { AccountResolver } from './resolvers/account'
import { DevInboxResolver } from './resolvers/devInbox'
import { RegistrationResolver } from './resolvers/registration'
import { SessionResolver } from './resolvers/sessions'
import { DateTimeScalar } from './types/dateTime'
import { userErrorsAsData } from './userErrorsAsData'
import type { FieldBudget } from '../config/budgets'

interface SchemaOptions {
  /** Adds the inbox of mails. */
  development: boolean
  /** What this server changes in the budgets that stand in the code. */
  budgets?: BudgetChanges
}

/** The schema that is served. Throws where a budget cannot be read. */
export function createSchema({ development, budgets }: SchemaOptions): GraphQLSchema {
  const resolvers = [RegistrationResolver, SessionResolver, AccountResolver] as const
  const inForce = new Map<string, readonly FieldBudget[]>()
  const schema = buildSchemaSync({
    resolvers: development ? [...resolvers, DevInboxResolver] : resolvers,
    directives: [...specifiedDirectives, rateLimitDirective],
    scalarsMap: [{ type: Date, scalar: DateTimeScalar }],
    // Inputs are read by the operations, which answer both doors alike.
    validate: false,
    authChecker: async ({ context }: { context: Context }) => {
      await context.demandViewer()
      return true
    },
    globalMiddlewares: [userErrorsAsData, rateLimit(inForce)],
  })
  if (budgets) changeBudgets(schema, budgets)
  for (const [field, ofField] of budgetsOf(schema)) inForce.set(field, ofField)
  return schema
}
