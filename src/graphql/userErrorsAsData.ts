import type { MiddlewareFn } from 'type-graphql'
import { type GraphQLOutputType, getNullableType, isUnionType } from 'graphql'
import type { Context } from './context'
import { ERROR_TYPES } from './types/errors'
import { UserError } from '../errors/userErrors'
import { describeUserError } from '../i18n/userErrors'

/** Turns a failure that services throw into the member of the field's union, worded in the client's language. */
export const userErrorsAsData: MiddlewareFn<Context> = async ({ context, info }, next) => {
  if (info.parentType !== info.schema.getMutationType()) return (await next()) as unknown
  const { operations } = context.deps.metrics
  try {
    const result: unknown = await next()
    operations.inc({ field: info.fieldName, outcome: 'SUCCESS' })
    return result
  } catch (error) {
    const expected = error instanceof UserError && admits(info.returnType, ERROR_TYPES[error.code])
    operations.inc({ field: info.fieldName, outcome: error instanceof UserError ? error.code : 'ERROR' })
    if (!expected) throw error
    const described = describeUserError(error, context.client.locale)
    if ('retryAfter' in described) context.answer.retryAfter = described.retryAfter
    return described
  }
}

function admits(type: GraphQLOutputType, member: string): boolean {
  const union = getNullableType(type)
  return isUnionType(union) && union.getTypes().some(({ name }) => name === member)
}
