interface UserErrorEntry {
  /** The GraphQL type that represents it. */
  type: string
  /** The status of a REST answer. */
  status: number
  description?: string
  /** Only the operator API answers it. */
  operatorsOnly?: true
}

/** The closed list of expected failures. They are data: each is a member of the result unions that name it. */
export const USER_ERRORS = {
  INVALID_INPUT: { type: 'InvalidInputError', status: 400 },
  WEAK_PASSWORD: { type: 'WeakPasswordError', status: 400 },
  INVALID_CREDENTIALS: { type: 'InvalidCredentialsError', status: 401 },
  EMAIL_NOT_VERIFIED: {
    type: 'EmailNotVerifiedError',
    status: 403,
    description: 'Only said to one who knows the password.',
  },
  SECOND_FACTOR_REQUIRED: {
    type: 'SecondFactorRequiredError',
    status: 403,
    description: 'Said only after the first factor was right. The challenge lives five minutes and five attempts.',
  },
  STEP_UP_REQUIRED: {
    type: 'StepUpRequiredError',
    status: 403,
    description: 'What is asked for needs a fresh proof of who is there: see `stepUp`.',
  },
  INVALID_TOKEN: { type: 'InvalidTokenError', status: 400 },
  EXPIRED_TOKEN: { type: 'ExpiredTokenError', status: 400 },
  NOT_FOUND: { type: 'NotFoundError', status: 404 },
  LAST_WAY_IN: {
    type: 'LastWayInError',
    status: 409,
    description: 'Without it nobody could log in to the account any more.',
  },
  ALREADY_EXISTS: {
    type: 'AlreadyExistsError',
    status: 409,
    operatorsOnly: true,
    description: 'The address has an account.',
  },
  FORBIDDEN_SCOPE: {
    type: 'ForbiddenScopeError',
    status: 403,
    operatorsOnly: true,
    description: 'The service key lacks the scope, or no service key may do it.',
  },
  RATE_LIMITED: { type: 'RateLimitedError', status: 429, description: 'A budget is spent: see @rateLimit.' },
  OVERLOADED: {
    type: 'OverloadedError',
    status: 503,
    description: 'More passwords wait to be hashed than can be answered in time; nothing was done.',
  },
} as const satisfies Record<string, UserErrorEntry>
export type UserErrorCode = keyof typeof USER_ERRORS

/** Codes that the public API answers. */
export const PUBLIC_USER_ERROR_CODES = (Object.keys(USER_ERRORS) as UserErrorCode[]).filter(
  (code) => !('operatorsOnly' in USER_ERRORS[code]),
)

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

interface RequestErrorEntry {
  status: number
  /** Whether GraphQL's own message is sent: it describes the client's document and discloses no internals. */
  ownMessage: boolean
}

/** The closed list of top-level errors: `extensions.code` in GraphQL, `error.code` in REST. */
export const REQUEST_ERRORS = {
  UNAUTHENTICATED: { status: 401, ownMessage: false },
  HTTPS_REQUIRED: { status: 403, ownMessage: false },
  // For the operator API, and for a service key that may not name addresses.
  FORBIDDEN: { status: 403, ownMessage: false },
  // For a field whose result is not a union.
  STEP_UP_REQUIRED: { status: 403, ownMessage: false },
  RATE_LIMITED: { status: 429, ownMessage: false },
  SERVICE_UNAVAILABLE: { status: 503, ownMessage: false },
  QUERY_TOO_COMPLEX: { status: 400, ownMessage: true },
  BAD_USER_INPUT: { status: 400, ownMessage: true },
  BAD_REQUEST: { status: 400, ownMessage: true },
  // Apollo's clients send the whole document when they read this code or message.
  PERSISTED_QUERY_NOT_SUPPORTED: { status: 400, ownMessage: true },
  GRAPHQL_PARSE_FAILED: { status: 400, ownMessage: true },
  GRAPHQL_VALIDATION_FAILED: { status: 400, ownMessage: true },
  INTERNAL_SERVER_ERROR: { status: 500, ownMessage: false },
} as const satisfies Record<string, RequestErrorEntry>
export type RequestErrorCode = keyof typeof REQUEST_ERRORS

export type ErrorCode = UserErrorCode | RequestErrorCode

/** The HTTP status of each code, where no route has its own. */
export function statusOf(code: ErrorCode): number {
  return code in USER_ERRORS
    ? USER_ERRORS[code as UserErrorCode].status
    : REQUEST_ERRORS[code as RequestErrorCode].status
}

export function isRequestErrorCode(code: unknown): code is RequestErrorCode {
  return typeof code === 'string' && Object.hasOwn(REQUEST_ERRORS, code)
}
