import 'reflect-metadata'
import { type GraphQLSchema, specifiedDirectives } from 'graphql'
import { buildSchemaSync } from 'type-graphql'
import type { Context } from './context'
import { rateLimit, rateLimitDirective } from './rateLimit'
import { AccountResolver } from './resolvers/account'
import { DevInboxResolver } from './resolvers/devInbox'
import { RegistrationResolver } from './resolvers/registration'
import { SessionResolver } from './resolvers/sessions'
import { DateTimeScalar } from './types/dateTime'
import { userErrorsAsData } from './userErrorsAsData'

/** The schema that is served; `development` adds the inbox of mails. */
export function createSchema({ development }: { development: boolean }): GraphQLSchema {
  const resolvers = [RegistrationResolver, SessionResolver, AccountResolver] as const
  return buildSchemaSync({
    resolvers: development ? [...resolvers, DevInboxResolver] : resolvers,
    directives: [...specifiedDirectives, rateLimitDirective],
    scalarsMap: [{ type: Date, scalar: DateTimeScalar }],
    // Inputs are read by the operations, which answer both doors alike.
    validate: false,
    authChecker: async ({ context }: { context: Context }) => {
      await context.demandViewer()
      return true
    },
    globalMiddlewares: [userErrorsAsData, rateLimit()],
  })
}
