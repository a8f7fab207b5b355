/** The closed list of failures that are data: each is a member of the result unions that name it. */
export const USER_ERROR_CODES = [
  'INVALID_INPUT',
  'WEAK_PASSWORD',
  'INVALID_CREDENTIALS',
  'EMAIL_NOT_VERIFIED',
  'INVALID_TOKEN',
  'EXPIRED_TOKEN',
  'NOT_FOUND',
  'RATE_LIMITED',
  'OVERLOADED',
] as const
export type UserErrorCode = (typeof USER_ERROR_CODES)[number]

/** What can be wrong with one field of an input. */
export const FIELD_ERROR_CODES = [
  'REQUIRED',
  'TOO_SHORT',
  'TOO_LONG',
  'INVALID_FORMAT',
  'UNSUPPORTED',
  'UNCHANGED',
] as const
export type FieldErrorCode = (typeof FIELD_ERROR_CODES)[number]

/** The closed list of top-level errors: `extensions.code` in GraphQL, `error.code` in REST. */
export const REQUEST_ERROR_CODES = [
  'UNAUTHENTICATED',
  'HTTPS_REQUIRED',
  'RATE_LIMITED',
  'SERVICE_UNAVAILABLE',
  'QUERY_TOO_COMPLEX',
  'BAD_USER_INPUT',
  'BAD_REQUEST',
  'PERSISTED_QUERY_NOT_SUPPORTED',
  'GRAPHQL_PARSE_FAILED',
  'GRAPHQL_VALIDATION_FAILED',
  'INTERNAL_SERVER_ERROR',
] as const
export type RequestErrorCode = (typeof REQUEST_ERROR_CODES)[number]
