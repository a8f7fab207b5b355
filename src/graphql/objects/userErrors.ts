import { type ClassType, Field, Int, InterfaceType, ObjectType, createUnionType, registerEnumType } from 'type-graphql'
import { GraphQLJSONObject } from 'graphql-scalars'
import {
  FIELD_ERROR_CODES,
  type FieldErrorCode,
  PUBLIC_USER_ERROR_CODES,
  USER_ERRORS,
  type UserErrorCode,
} from '../../errors/catalogue'

const enumOf = <T extends string>(codes: readonly T[]) =>
  Object.fromEntries(codes.map((code) => [code, code])) as Record<T, T>
const FieldErrorCodeEnum = enumOf(FIELD_ERROR_CODES)
registerEnumType(FieldErrorCodeEnum, { name: 'FieldErrorCode' })

@ObjectType('FieldError')
class FieldErrorType {
  @Field({ description: 'Input field, as in `email`.' })
  field: string

  @Field(() => FieldErrorCodeEnum)
  code: FieldErrorCode

  @Field()
  message: string
}

type FieldList = [
  name: string,
  type: Parameters<typeof Field>[0] & (() => unknown),
  description?: string,
  nullable?: boolean,
][]

const RETRY_AFTER: FieldList = [['retryAfter', () => Int, 'In seconds.']]

export const SecondFactorKindEnum = enumOf(['PASSKEY', 'TOTP', 'RECOVERY_CODE'])
registerEnumType(SecondFactorKindEnum, { name: 'SecondFactorKind' })

enum StepUpMethodEnum {
  PASSWORD = 'PASSWORD',
  PASSKEY = 'PASSKEY',
  TOTP = 'TOTP',
  RECOVERY_CODE = 'RECOVERY_CODE',
}
registerEnumType(StepUpMethodEnum, { name: 'StepUpMethod' })

/** Fields of a member beside `code` and `message`. */
const FURTHER_FIELDS: Partial<Record<UserErrorCode, FieldList>> = {
  INVALID_INPUT: [['fields', () => [FieldErrorType]]],
  WEAK_PASSWORD: [
    ['score', () => Int],
    ['suggestions', () => [String]],
  ],
  RATE_LIMITED: RETRY_AFTER,
  OVERLOADED: RETRY_AFTER,
  SECOND_FACTOR_REQUIRED: [
    ['challenge', () => String],
    ['methods', () => [SecondFactorKindEnum], 'What the account has, the strongest first.'],
    ['expiresAt', () => Date],
    ['passkeyOptions', () => GraphQLJSONObject, 'For a passkey: what `navigator.credentials.get` takes.', true],
  ],
  INVALID_CREDENTIALS: [
    [
      'unknownCredentialId',
      () => String,
      'The passkey that was presented and belongs to no account: for `PublicKeyCredential.signalUnknownCredential`.',
      true,
    ],
  ],
  STEP_UP_REQUIRED: [
    ['methods', () => [StepUpMethodEnum]],
    ['maxAge', () => Int, 'Seconds that a proof counts.'],
  ],
  FORBIDDEN_SCOPE: [['scope', () => String, 'The scope that it takes; null: no service key may do it.', true]],
}

/**
 * The error types of one schema, which knows these codes alone: the interface `UserError` with its members. Returns the function
 * that makes the union of a mutation's result: its success and its expected failures.
 */
export function errorTypes(codes: readonly UserErrorCode[]) {
  const UserErrorCodeEnum = enumOf(codes)
  registerEnumType(UserErrorCodeEnum, { name: 'UserErrorCode' })

  @InterfaceType('UserError', { resolveType: (value: { code: UserErrorCode }) => USER_ERRORS[value.code].type })
  abstract class UserErrorType {
    @Field(() => UserErrorCodeEnum)
    code: UserErrorCode

    @Field({ description: "For people, in the request's language; programs read `code`." })
    message: string
  }

  /** The object type of one code, from the catalogue. */
  function memberOf(code: UserErrorCode): ClassType {
    class Member extends UserErrorType {}
    const { type, ...documentation } = USER_ERRORS[code] as { type: string; description?: string }
    for (const [name, returnType, description, nullable = false] of FURTHER_FIELDS[code] ?? []) {
      Field(returnType, { nullable, ...(description !== undefined && { description }) })(Member.prototype, name)
    }
    const { description } = documentation
    ObjectType(type, { implements: UserErrorType, ...(description === undefined ? {} : { description }) })(Member)
    return Member
  }

  const members = new Map(codes.map((code) => [code, memberOf(code)]))
  return function resultOf(name: string, success: ClassType, failures: readonly UserErrorCode[]) {
    return createUnionType({
      name,
      types: () => [success, ...failures.flatMap((code) => members.get(code) ?? [])] as const,
      resolveType: (value: object) => ('code' in value ? USER_ERRORS[value.code as UserErrorCode].type : success.name),
    })
  }
}

/** The union of a mutation's result in the public schema. */
export const resultOf = errorTypes(PUBLIC_USER_ERROR_CODES)
