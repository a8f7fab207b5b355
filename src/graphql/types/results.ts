import { type ClassType, Field, ID, Int, ObjectType, createUnionType } from 'type-graphql'
import { SessionType, TokensType, UserType } from './account'
import {
  ERROR_TYPES,
  EmailNotVerifiedErrorType,
  ExpiredTokenErrorType,
  InvalidCredentialsErrorType,
  InvalidInputErrorType,
  InvalidTokenErrorType,
  NotFoundErrorType,
  OverloadedErrorType,
  RateLimitedErrorType,
  WeakPasswordErrorType,
} from './errors'
import type { UserErrorCode } from '../../errors/codes'

@ObjectType({ description: 'The same for a new and for a known address: what the owner is told comes by mail.' })
export class RegisterSuccess {
  @Field()
  email: string
}

@ObjectType({ description: 'Following the same link again within its lifetime succeeds again.' })
export class VerifyEmailSuccess {
  @Field()
  email: string

  @Field(() => String, {
    nullable: true,
    description:
      'Null in the ordinary case: the password given at registration counts now. Where more than one registration waited for the address, no password of theirs counts; whoever followed the link chooses one with `confirmReset` and this token.',
  })
  resetToken: string | null
}

@ObjectType()
export class ResendVerificationSuccess {
  @Field()
  email: string
}

@ObjectType()
export class LoginSuccess {
  @Field(() => UserType)
  user: UserType

  @Field(() => SessionType)
  session: SessionType

  @Field(() => TokensType)
  tokens: TokensType
}

@ObjectType()
export class RefreshSessionSuccess {
  @Field(() => SessionType)
  session: SessionType

  @Field(() => TokensType)
  tokens: TokensType
}

@ObjectType()
export class LogoutSuccess {
  @Field(() => ID)
  sessionId: string
}

@ObjectType()
export class RevokeSessionSuccess {
  @Field(() => ID)
  sessionId: string
}

@ObjectType()
export class RevokeOtherSessionsSuccess {
  @Field(() => Int)
  revokedSessions: number
}

@ObjectType({ description: 'The same whether or not the address has an account.' })
export class RequestResetSuccess {
  @Field()
  email: string
}

@ObjectType()
export class ConfirmResetSuccess {
  @Field(() => Int)
  revokedSessions: number
}

@ObjectType()
export class UpdateProfileSuccess {
  @Field(() => UserType)
  user: UserType
}

@ObjectType({ description: 'The session that made the change goes on with new tokens.' })
export class ChangePasswordSuccess {
  @Field(() => Int)
  revokedSessions: number

  @Field(() => TokensType)
  tokens: TokensType
}

@ObjectType({ description: 'The same whether or not the new address has an account.' })
export class RequestEmailChangeSuccess {
  @Field()
  newEmail: string
}

@ObjectType()
export class ConfirmEmailChangeSuccess {
  @Field()
  email: string
}

@ObjectType()
export class CancelEmailChangeSuccess {
  @Field({ description: 'The address that the account has, and keeps.' })
  email: string
}

@ObjectType()
export class DeleteAccountSuccess {
  @Field(() => ID)
  userId: string
}

/** A mutation's result: what it gives, or one of the failures that its caller can run into. */
function resultOf(name: string, success: ClassType, errors: ClassType[]) {
  return createUnionType({
    name,
    types: () => [success, ...errors] as const,
    resolveType: (value: object) => ('code' in value ? ERROR_TYPES[value.code as UserErrorCode] : success.name),
  })
}

const Hashing = [RateLimitedErrorType, OverloadedErrorType]
const Token = [InvalidTokenErrorType, ExpiredTokenErrorType]

export const RegisterResult = resultOf('RegisterResult', RegisterSuccess, [
  InvalidInputErrorType,
  WeakPasswordErrorType,
  ...Hashing,
])
export const VerifyEmailResult = resultOf('VerifyEmailResult', VerifyEmailSuccess, [...Token, RateLimitedErrorType])
export const ResendVerificationResult = resultOf('ResendVerificationResult', ResendVerificationSuccess, [
  InvalidInputErrorType,
  RateLimitedErrorType,
])
export const LoginResult = resultOf('LoginResult', LoginSuccess, [
  InvalidInputErrorType,
  InvalidCredentialsErrorType,
  EmailNotVerifiedErrorType,
  ...Hashing,
])
export const RefreshSessionResult = resultOf('RefreshSessionResult', RefreshSessionSuccess, [
  ...Token,
  RateLimitedErrorType,
])
export const RevokeSessionResult = resultOf('RevokeSessionResult', RevokeSessionSuccess, [
  NotFoundErrorType,
  RateLimitedErrorType,
])
export const RequestResetResult = resultOf('RequestResetResult', RequestResetSuccess, [
  InvalidInputErrorType,
  RateLimitedErrorType,
])
export const ConfirmResetResult = resultOf('ConfirmResetResult', ConfirmResetSuccess, [
  ...Token,
  WeakPasswordErrorType,
  InvalidInputErrorType,
  ...Hashing,
])
export const UpdateProfileResult = resultOf('UpdateProfileResult', UpdateProfileSuccess, [
  InvalidInputErrorType,
  RateLimitedErrorType,
])
export const ChangePasswordResult = resultOf('ChangePasswordResult', ChangePasswordSuccess, [
  InvalidCredentialsErrorType,
  WeakPasswordErrorType,
  InvalidInputErrorType,
  ...Hashing,
])
export const RequestEmailChangeResult = resultOf('RequestEmailChangeResult', RequestEmailChangeSuccess, [
  InvalidCredentialsErrorType,
  InvalidInputErrorType,
  ...Hashing,
])
export const ConfirmEmailChangeResult = resultOf('ConfirmEmailChangeResult', ConfirmEmailChangeSuccess, [
  ...Token,
  RateLimitedErrorType,
])
export const CancelEmailChangeResult = resultOf('CancelEmailChangeResult', CancelEmailChangeSuccess, [
  RateLimitedErrorType,
])
export const DeleteAccountResult = resultOf('DeleteAccountResult', DeleteAccountSuccess, [
  InvalidCredentialsErrorType,
  ...Hashing,
])
