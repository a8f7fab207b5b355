import { Field, Int, InterfaceType, ObjectType, registerEnumType } from 'type-graphql'
import { FIELD_ERROR_CODES, USER_ERROR_CODES, type FieldErrorCode, type UserErrorCode } from '../../errors/codes'

const asEnum = <T extends string>(codes: readonly T[]) =>
  Object.fromEntries(codes.map((code) => [code, code])) as Record<T, T>
const UserErrorCodeEnum = asEnum(USER_ERROR_CODES)
const FieldErrorCodeEnum = asEnum(FIELD_ERROR_CODES)
registerEnumType(UserErrorCodeEnum, { name: 'UserErrorCode' })
registerEnumType(FieldErrorCodeEnum, { name: 'FieldErrorCode' })

/** The type that answers each code. */
export const ERROR_TYPES: Record<UserErrorCode, string> = {
  INVALID_INPUT: 'InvalidInputError',
  WEAK_PASSWORD: 'WeakPasswordError',
  INVALID_CREDENTIALS: 'InvalidCredentialsError',
  EMAIL_NOT_VERIFIED: 'EmailNotVerifiedError',
  INVALID_TOKEN: 'InvalidTokenError',
  EXPIRED_TOKEN: 'ExpiredTokenError',
  NOT_FOUND: 'NotFoundError',
  RATE_LIMITED: 'RateLimitedError',
  OVERLOADED: 'OverloadedError',
}

@InterfaceType('UserError', { resolveType: (value: { code: UserErrorCode }) => ERROR_TYPES[value.code] })
export abstract class UserErrorType {
  @Field(() => UserErrorCodeEnum)
  code: UserErrorCode

  @Field({ description: "For people, in the request's language; programs read `code`." })
  message: string
}

@ObjectType('FieldError')
export class FieldErrorType {
  @Field({ description: 'Input field, as in `email`.' })
  field: string

  @Field(() => FieldErrorCodeEnum)
  code: FieldErrorCode

  @Field()
  message: string
}

@ObjectType('InvalidInputError', { implements: UserErrorType })
export class InvalidInputErrorType extends UserErrorType {
  @Field(() => [FieldErrorType])
  fields: FieldErrorType[]
}

@ObjectType('WeakPasswordError', { implements: UserErrorType })
export class WeakPasswordErrorType extends UserErrorType {
  @Field(() => Int)
  score: number

  @Field(() => [String])
  suggestions: string[]
}

@ObjectType('InvalidCredentialsError', { implements: UserErrorType })
export class InvalidCredentialsErrorType extends UserErrorType {}

@ObjectType('EmailNotVerifiedError', {
  implements: UserErrorType,
  description: 'Only said to one who knows the password.',
})
export class EmailNotVerifiedErrorType extends UserErrorType {}

@ObjectType('InvalidTokenError', { implements: UserErrorType })
export class InvalidTokenErrorType extends UserErrorType {}

@ObjectType('ExpiredTokenError', { implements: UserErrorType })
export class ExpiredTokenErrorType extends UserErrorType {}

@ObjectType('NotFoundError', { implements: UserErrorType })
export class NotFoundErrorType extends UserErrorType {}

@ObjectType('RateLimitedError', { implements: UserErrorType, description: 'A budget is spent: see @rateLimit.' })
export class RateLimitedErrorType extends UserErrorType {
  @Field(() => Int, { description: 'In seconds.' })
  retryAfter: number
}

@ObjectType('OverloadedError', {
  implements: UserErrorType,
  description: 'More passwords wait to be hashed than can be answered in time; nothing was done.',
})
export class OverloadedErrorType extends UserErrorType {
  @Field(() => Int, { description: 'In seconds.' })
  retryAfter: number
}
