import 'reflect-metadata'
import { type GraphQLSchema, specifiedDirectives } from 'graphql'
import { buildSchemaSync } from 'type-graphql'
import { type BudgetChanges, changeBudgets, rateLimitDirective } from './budgets'
import type { Context } from './context'
import { applyMutationPolicy } from './mutationPolicy'
import { CancelEmailChangeMutation } from './mutations/cancelEmailChange'
import { ChangePasswordMutation } from './mutations/changePassword'
import { ConfirmEmailChangeMutation } from './mutations/confirmEmailChange'
import { ConfirmResetMutation } from './mutations/confirmReset'
import { ConfirmTotpMutation } from './mutations/confirmTotp'
import { DeleteAccountMutation } from './mutations/deleteAccount'
import { EnrollTotpMutation } from './mutations/enrollTotp'
import { ExportAccountMutation } from './mutations/exportAccount'
import { LoginMutation } from './mutations/login'
import { LoginWithCodeMutation } from './mutations/loginWithCode'
import { LoginWithPasskeyMutation } from './mutations/loginWithPasskey'
import { LogoutMutation } from './mutations/logout'
import { RefreshSessionMutation } from './mutations/refreshSession'
import { RegisterMutation } from './mutations/register'
import { RegisterPasskeyMutation } from './mutations/registerPasskey'
import { RejectLoginMutation } from './mutations/rejectLogin'
import { RemovePasskeyMutation } from './mutations/removePasskey'
import { RemoveSecondFactorMutation } from './mutations/removeSecondFactor'
import { RenamePasskeyMutation } from './mutations/renamePasskey'
import { RenewRecoveryCodesMutation } from './mutations/renewRecoveryCodes'
import { RequestEmailChangeMutation } from './mutations/requestEmailChange'
import { RequestLoginCodeMutation } from './mutations/requestLoginCode'
import { RequestResetMutation } from './mutations/requestReset'
import { ResendVerificationMutation } from './mutations/resendVerification'
import { RevokeOtherSessionsMutation } from './mutations/revokeOtherSessions'
import { RevokeSessionMutation } from './mutations/revokeSession'
import { StartPasskeyLoginMutation } from './mutations/startPasskeyLogin'
import { StartPasskeyRegistrationMutation } from './mutations/startPasskeyRegistration'
import { StepUpMutation } from './mutations/stepUp'
import { UndoEmailChangeMutation } from './mutations/undoEmailChange'
import { UpdateProfileMutation } from './mutations/updateProfile'
import { VerifyEmailMutation } from './mutations/verifyEmail'
import { VerifyEmailByCodeMutation } from './mutations/verifyEmailByCode'
import { VerifySecondFactorMutation } from './mutations/verifySecondFactor'
import { DateTimeScalar } from './objects/dateTime'
import { UserResolver } from './objects/user'
import { DevInboxQuery } from './queries/devInbox'
import { MeQuery } from './queries/me'
import { PasswordPolicyQuery } from './queries/passwordPolicy'
import { traceOperations } from './traceOperations'

const RESOLVERS = [
  RegisterMutation,
  VerifyEmailMutation,
  VerifyEmailByCodeMutation,
  ResendVerificationMutation,
  LoginMutation,
  VerifySecondFactorMutation,
  RefreshSessionMutation,
  LogoutMutation,
  RevokeSessionMutation,
  RevokeOtherSessionsMutation,
  RequestResetMutation,
  ConfirmResetMutation,
  UpdateProfileMutation,
  ChangePasswordMutation,
  RequestEmailChangeMutation,
  ConfirmEmailChangeMutation,
  CancelEmailChangeMutation,
  UndoEmailChangeMutation,
  RejectLoginMutation,
  DeleteAccountMutation,
  ExportAccountMutation,
  EnrollTotpMutation,
  ConfirmTotpMutation,
  RemoveSecondFactorMutation,
  RenewRecoveryCodesMutation,
  StepUpMutation,
  StartPasskeyRegistrationMutation,
  RegisterPasskeyMutation,
  RenamePasskeyMutation,
  RemovePasskeyMutation,
  StartPasskeyLoginMutation,
  LoginWithPasskeyMutation,
  MeQuery,
  PasswordPolicyQuery,
  UserResolver,
] as const

const LOGIN_CODE_RESOLVERS = [RequestLoginCodeMutation, LoginWithCodeMutation] as const

interface SchemaOptions {
  /** Adds `devInbox`. */
  development: boolean
  /** Adds `requestLoginCode` and `loginWithCode`. */
  loginCode: boolean
  /** How the configuration changes the budgets of the schema. */
  budgets?: BudgetChanges
  /** Whether each operation is a span. */
  traced?: boolean
}

/** The schema that is served. Throws if a budget is malformed. */
export function createSchema({ development, loginCode, budgets, traced = false }: SchemaOptions): GraphQLSchema {
  const schema = buildSchemaSync({
    resolvers: [...RESOLVERS, ...(loginCode ? LOGIN_CODE_RESOLVERS : []), ...(development ? [DevInboxQuery] : [])],
    directives: [...specifiedDirectives, rateLimitDirective],
    scalarsMap: [{ type: Date, scalar: DateTimeScalar }],
    // The services validate inputs, so that GraphQL and REST return the same errors.
    validate: false,
    // Apollo Server validates the schema when it starts: introspecting all of it here as well would only cost time.
    skipCheck: true,
    authChecker: async ({ context }: { context: Context }) => {
      await context.requireViewer()
      return true
    },
  })
  if (budgets) changeBudgets(schema, budgets)
  const guarded = applyMutationPolicy(schema)
  return traced ? traceOperations(guarded) : guarded
}

/** The fields of Mutation that demand a signed-in user, as the resolvers declare it. */
export function signedInFields(): ReadonlySet<string> {
  return new Set(globalThis.TypeGraphQLMetadataStorage.authorizedFields.map(({ fieldName }) => fieldName))
}
