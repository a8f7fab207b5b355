import 'reflect-metadata'
import { type GraphQLSchema, specifiedDirectives } from 'graphql'
import { buildSchemaSync } from 'type-graphql'
import { CreateServiceKeyMutation } from './mutations/createServiceKey'
import { CreateUserMutation } from './mutations/createUser'
import { DeleteUserMutation } from './mutations/deleteUser'
import { DisableUserMutation } from './mutations/disableUser'
import { EnableUserMutation } from './mutations/enableUser'
import { EndSessionsMutation } from './mutations/endSessions'
import { MarkEmailVerifiedMutation } from './mutations/markEmailVerified'
import { RemoveSecondFactorsMutation } from './mutations/removeSecondFactors'
import { RevokeServiceKeyMutation } from './mutations/revokeServiceKey'
import { SendPasswordResetMutation } from './mutations/sendPasswordReset'
import { SetClaimsMutation } from './mutations/setClaims'
import { SetRolesMutation } from './mutations/setRoles'
import { CreateWebhookEndpointMutation } from './mutations/createWebhookEndpoint'
import { DeleteWebhookEndpointMutation } from './mutations/deleteWebhookEndpoint'
import { ReplayDeliveriesMutation } from './mutations/replayDeliveries'
import { RotateWebhookSecretMutation } from './mutations/rotateWebhookSecret'
import { SendTestEventMutation } from './mutations/sendTestEvent'
import { UpdateWebhookEndpointMutation } from './mutations/updateWebhookEndpoint'
import { applyOperatorPolicy } from './policy'
import { AuditEventsQuery } from './queries/auditEvents'
import { RolesQuery } from './queries/roles'
import { ServiceKeysQuery } from './queries/serviceKeys'
import { UserQuery } from './queries/user'
import { UsersQuery } from './queries/users'
import { WebhooksQuery } from './queries/webhooks'
import { DateTimeScalar } from '../objects/dateTime'
import { traceOperations } from '../traceOperations'

const RESOLVERS = [
  UsersQuery,
  UserQuery,
  AuditEventsQuery,
  ServiceKeysQuery,
  RolesQuery,
  WebhooksQuery,
  CreateUserMutation,
  DisableUserMutation,
  EnableUserMutation,
  DeleteUserMutation,
  MarkEmailVerifiedMutation,
  SendPasswordResetMutation,
  EndSessionsMutation,
  RemoveSecondFactorsMutation,
  SetRolesMutation,
  SetClaimsMutation,
  CreateServiceKeyMutation,
  RevokeServiceKeyMutation,
  CreateWebhookEndpointMutation,
  UpdateWebhookEndpointMutation,
  RotateWebhookSecretMutation,
  DeleteWebhookEndpointMutation,
  SendTestEventMutation,
  ReplayDeliveriesMutation,
] as const

/** The schema of the operator API: none of its fields is part of the public schema. */
export function createOperatorSchema({ traced = false }: { traced?: boolean } = {}): GraphQLSchema {
  const schema = buildSchemaSync({
    resolvers: RESOLVERS,
    directives: [...specifiedDirectives],
    scalarsMap: [{ type: Date, scalar: DateTimeScalar }],
    // applyOperatorPolicy decides for each field; the compiler of schemas wants one, since the public schema uses @Authorized.
    authChecker: () => false,
    validate: false, // the services validate inputs
    skipCheck: true, // Apollo Server checks it at the start
  })
  const guarded = applyOperatorPolicy(schema)
  return traced ? traceOperations(guarded) : guarded
}
