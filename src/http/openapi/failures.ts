import { type GraphQLObjectType, OperationTypeNode, getNullableType, isUnionType } from 'graphql'
import type { Known } from './known'
import { type FailureOfRoute } from './responses'
import { type JsonSchema, type SchemaRegistry } from './schemas'
import { type RequestErrorCode, USER_ERRORS, type UserErrorCode, statusOf } from '../../errors/catalogue'

export const isError = (type: GraphQLObjectType) => type.getInterfaces().some(({ name }) => name === 'UserError')

/** The failures that are members of a route's union. */
export function expectedFailures({ members, node, selection, route }: Known): FailureOfRoute[] {
  return members.filter(isError).map((type) => {
    const code = codeOf(type)
    const schema = selection.named(type, selection.object(type, [node], { code: { const: code } }))
    return { status: route.failures?.[code] ?? statusOf(code), code, schema }
  })
}

function codeOf({ name }: GraphQLObjectType): UserErrorCode {
  const codes = Object.keys(USER_ERRORS) as UserErrorCode[]
  const code = codes.find((other) => USER_ERRORS[other].type === name)
  if (!code) throw new Error(`${name} has no code`)
  return code
}

/** The failures of a request as such, which no union has. */
export function requestFailures({ route, operation, field, credentials, variables, schemas }: Known): FailureOfRoute[] {
  const isLimited = operation === OperationTypeNode.MUTATION && !isUnionType(getNullableType(field.type))
  const codes: RequestErrorCode[] = [
    'BAD_REQUEST',
    ...(variables.length > 0 ? (['BAD_USER_INPUT'] as const) : []),
    ...(credentials.includes('accessToken') ? (['UNAUTHENTICATED'] as const) : []),
    'HTTPS_REQUIRED',
    ...(isLimited ? (['RATE_LIMITED'] as const) : []),
    'INTERNAL_SERVER_ERROR',
    'SERVICE_UNAVAILABLE',
  ]
  // Too large, and no JSON in UTF-8.
  const ofBodies = route.method === 'POST' ? [413, 415] : []
  return [
    ...codes.map((code) => ({ status: statusOf(code), code, schema: requestError(code, schemas) })),
    ...ofBodies.map((status) => ({ status, code: 'BAD_REQUEST', schema: requestError('BAD_REQUEST', schemas) })),
  ]
}

function requestError(code: RequestErrorCode, schemas: SchemaRegistry): JsonSchema {
  // The unions of other routes have it, with the same fields.
  if (code === 'RATE_LIMITED') return { $ref: `#/components/schemas/${USER_ERRORS.RATE_LIMITED.type}` }
  const words = code.split('_').map((word) => word.charAt(0) + word.slice(1).toLowerCase())
  const name = `${words.join('').replace(/Error$/, '')}Error`
  const properties = {
    code: { const: code },
    message: { type: 'string' },
    ...(code === 'INTERNAL_SERVER_ERROR' && { requestId: { type: 'string' } }),
  }
  return schemas.add({ type: 'object', properties, required: Object.keys(properties) }, [name, name])
}
