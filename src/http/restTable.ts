import type { FastifyRequest } from 'fastify'
import type { UserErrorCode } from '../errors/codes'

interface RestRoute {
  method: 'GET' | 'POST'
  url: string
  /** The document that is run: the same operation, with the same budgets, as by the GraphQL door. */
  document: string
  variables: (request: FastifyRequest) => Record<string, unknown>
  /** The status of a success. */
  status: number
  /** The statuses of failures where this route has its own. */
  failures?: Partial<Record<UserErrorCode, number>>
}

/** Only those members that a result has can be asked of it. */
function errorsOf(...members: ('fields' | 'score' | 'rate' | 'load')[]): string {
  const parts = {
    fields: '... on InvalidInputError { fields { field code message } }',
    score: '... on WeakPasswordError { score suggestions }',
    rate: '... on RateLimitedError { retryAfter }',
    load: '... on OverloadedError { retryAfter }',
  }
  return ['... on UserError { code message }', ...members.map((member) => parts[member])].join(' ')
}

const USER = 'id email emailVerified displayName locale createdAt'
const SESSION = 'id createdAt lastSeenAt expiresAt ipAddress userAgent current'
const TOKENS = 'accessToken accessTokenExpiresAt refreshToken refreshTokenExpiresAt'

const body = (request: FastifyRequest) => ({ input: request.body ?? {} })

/** The REST door: each route names an operation and where its answer stands. */
export const REST_ROUTES: readonly RestRoute[] = [
  {
    method: 'POST',
    url: '/api/auth/register',
    document: `mutation ($input: RegisterInput!) { result: register(input: $input) {
      ... on RegisterSuccess { email } ${errorsOf('fields', 'score', 'rate', 'load')} } }`,
    variables: body,
    status: 201,
  },
  {
    method: 'GET',
    url: '/api/auth/verify/:token',
    document: `mutation ($input: VerifyEmailInput!) { result: verifyEmail(input: $input) {
      ... on VerifyEmailSuccess { email } ${errorsOf('rate')} } }`,
    variables: (request) => ({ input: { token: (request.params as { token: string }).token } }),
    status: 200,
  },
  {
    method: 'POST',
    url: '/api/auth/login',
    document: `mutation ($input: LoginInput!) { result: login(input: $input) {
      ... on LoginSuccess { user { ${USER} } session { ${SESSION} } tokens { ${TOKENS} } }
      ${errorsOf('fields', 'rate', 'load')} } }`,
    variables: body,
    status: 200,
  },
  {
    method: 'POST',
    url: '/api/auth/refresh',
    document: `mutation ($input: RefreshSessionInput) { result: refreshSession(input: $input) {
      ... on RefreshSessionSuccess { session { ${SESSION} } tokens { ${TOKENS} } } ${errorsOf('rate')} } }`,
    variables: body,
    status: 200,
    failures: { INVALID_TOKEN: 401, EXPIRED_TOKEN: 401 },
  },
  {
    method: 'POST',
    url: '/api/auth/logout',
    document: 'mutation { result: logout { sessionId } }',
    variables: () => ({}),
    status: 200,
  },
  {
    method: 'GET',
    url: '/api/auth/me',
    document: `query { result: me { ${USER} } }`,
    variables: () => ({}),
    status: 200,
  },
  {
    method: 'POST',
    url: '/api/auth/reset-request',
    document: `mutation ($input: RequestResetInput!) { result: requestReset(input: $input) {
      ... on RequestResetSuccess { email } ${errorsOf('fields', 'rate')} } }`,
    variables: body,
    status: 202,
  },
  {
    method: 'POST',
    url: '/api/auth/reset-confirm',
    document: `mutation ($input: ConfirmResetInput!) { result: confirmReset(input: $input) {
      ... on ConfirmResetSuccess { revokedSessions } ${errorsOf('fields', 'score', 'rate', 'load')} } }`,
    variables: body,
    status: 200,
  },
]
