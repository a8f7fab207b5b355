/** An answer, as every door gives it: what happened, with which data, and how HTTP said so. */
export interface Answer {
  /** SUCCESS, or the code of the failure. */
  code: string
  data: Record<string, unknown>
  status: number
  headers: Headers
  /** The body as it came. */
  text: string
}

export interface CallOptions {
  token?: string
  headers?: Record<string, string>
}

const ERRORS = `... on UserError { code message }`
const PARTS: Record<string, string> = {
  InvalidInputError: '... on InvalidInputError { fields { field code message } }',
  WeakPasswordError: '... on WeakPasswordError { score suggestions }',
  RateLimitedError: '... on RateLimitedError { retryAfter }',
  InvalidCredentialsError: '... on InvalidCredentialsError { unknownCredentialId }',
  OverloadedError: '... on OverloadedError { retryAfter }',
  SecondFactorRequiredError: '... on SecondFactorRequiredError { challenge methods expiresAt passkeyOptions }',
  StepUpRequiredError: '... on StepUpRequiredError { methods maxAge }',
}
const USER = 'id email emailVerified displayName locale createdAt'
const SESSION = 'id createdAt lastSeenAt expiresAt ipAddress userAgent current assuranceLevel authenticatedAt'
const PASSKEY = 'id name createdAt lastUsedAt synced aaguid credentialId'
const FACTOR = 'id kind name createdAt lastUsedAt'
const TOKENS = 'tokens { accessToken accessTokenExpiresAt refreshToken refreshTokenExpiresAt }'

interface Operation {
  success: string
  /** Where it is not named like the operation. */
  successType?: string
  /** Members whose own fields are asked for. */
  failures: string[]
  rest?: { method: 'GET' | 'POST'; path: string }
  inputType?: string
}

const hashing = ['RateLimitedError', 'OverloadedError']
const OPERATIONS: Record<string, Operation> = {
  register: {
    success: 'email',
    failures: ['InvalidInputError', 'WeakPasswordError', ...hashing],
    rest: { method: 'POST', path: '/api/auth/register' },
  },
  verifyEmail: {
    success: 'email resetToken',
    failures: ['RateLimitedError'],
    rest: { method: 'GET', path: '/api/auth/verify/' },
  },
  resendVerification: { success: 'email', failures: ['InvalidInputError', 'RateLimitedError'] },
  verifyEmailByCode: {
    success: 'email resetToken',
    successType: 'VerifyEmailSuccess',
    failures: ['InvalidInputError', 'RateLimitedError'],
    rest: { method: 'POST', path: '/api/auth/verify-code' },
  },
  requestLoginCode: {
    success: 'email challenge expiresAt',
    failures: ['InvalidInputError', 'RateLimitedError'],
    rest: { method: 'POST', path: '/api/auth/login-code-request' },
  },
  loginWithCode: {
    success: `user { ${USER} } session { ${SESSION} } ${TOKENS}`,
    successType: 'LoginSuccess',
    failures: ['InvalidInputError', 'SecondFactorRequiredError', 'RateLimitedError'],
    rest: { method: 'POST', path: '/api/auth/login-code' },
  },
  login: {
    success: `user { ${USER} } session { ${SESSION} } ${TOKENS}`,
    failures: ['InvalidInputError', 'SecondFactorRequiredError', ...hashing],
    rest: { method: 'POST', path: '/api/auth/login' },
  },
  verifySecondFactor: {
    success: `user { ${USER} } session { ${SESSION} } ${TOKENS}`,
    successType: 'LoginSuccess',
    failures: ['InvalidInputError', 'RateLimitedError'],
    rest: { method: 'POST', path: '/api/auth/second-factor' },
  },
  enrollTotp: {
    success: 'factorId uri secret expiresAt',
    failures: ['InvalidInputError', 'StepUpRequiredError', 'RateLimitedError'],
  },
  confirmTotp: {
    success: `factor { ${FACTOR} } recoveryCodes revokedSessions ${TOKENS}`,
    failures: ['InvalidInputError', 'StepUpRequiredError', 'RateLimitedError'],
  },
  removeSecondFactor: { success: 'factorId', failures: ['StepUpRequiredError', 'RateLimitedError'] },
  stepUp: {
    success: `session { ${SESSION} } ${TOKENS}`,
    failures: ['InvalidInputError', ...hashing],
    rest: { method: 'POST', path: '/api/auth/step-up' },
  },
  loginWithPasskey: {
    success: `user { ${USER} } session { ${SESSION} } ${TOKENS}`,
    successType: 'LoginSuccess',
    failures: ['InvalidCredentialsError', 'RateLimitedError'],
    rest: { method: 'POST', path: '/api/auth/passkey-login' },
  },
  registerPasskey: {
    success: `passkey { ${PASSKEY} } recoveryCodes`,
    failures: ['InvalidInputError', 'StepUpRequiredError', 'RateLimitedError'],
    rest: { method: 'POST', path: '/api/auth/passkey' },
  },
  renamePasskey: { success: `passkey { ${PASSKEY} }`, failures: ['InvalidInputError', 'RateLimitedError'] },
  removePasskey: {
    success: 'passkeyId acceptedCredentialIds rpId userHandle',
    failures: ['StepUpRequiredError', 'RateLimitedError'],
  },
  refreshSession: {
    success: `session { ${SESSION} } ${TOKENS}`,
    failures: ['RateLimitedError'],
    rest: { method: 'POST', path: '/api/auth/refresh' },
  },
  requestReset: {
    success: 'email',
    failures: ['InvalidInputError', 'RateLimitedError'],
    rest: { method: 'POST', path: '/api/auth/reset-request' },
  },
  confirmReset: {
    success: 'revokedSessions',
    failures: ['InvalidInputError', 'WeakPasswordError', ...hashing],
    rest: { method: 'POST', path: '/api/auth/reset-confirm' },
  },
  revokeSession: { success: 'sessionId', failures: ['RateLimitedError'] },
  updateProfile: { success: `user { ${USER} }`, failures: ['InvalidInputError', 'RateLimitedError'] },
  changePassword: {
    success: `revokedSessions ${TOKENS}`,
    failures: ['InvalidInputError', 'WeakPasswordError', 'StepUpRequiredError', ...hashing],
  },
  requestEmailChange: { success: 'newEmail', failures: ['InvalidInputError', 'StepUpRequiredError', ...hashing] },
  confirmEmailChange: { success: 'email', failures: ['RateLimitedError'] },
  exportAccount: {
    success: 'export',
    failures: ['StepUpRequiredError', 'RateLimitedError'],
    rest: { method: 'POST', path: '/api/auth/export' },
  },
  deleteAccount: { success: 'userId', failures: ['StepUpRequiredError', ...hashing] },
}

const capital = (name: string) => name.slice(0, 1).toUpperCase() + name.slice(1)

/** The document that calls one mutation with its input as a variable. */
export function documentOf(name: string): string {
  if (name === 'logout') return 'mutation { result: logout { sessionId } }'
  if (name === 'cancelEmailChange')
    return 'mutation { result: cancelEmailChange { ... on CancelEmailChangeSuccess { email } } }'
  if (name === 'exportAccount')
    return `mutation { result: exportAccount { ... on ExportAccountSuccess { export } ${ERRORS}
      ${PARTS.StepUpRequiredError ?? ''} ${PARTS.RateLimitedError ?? ''} } }`
  if (name === 'renewRecoveryCodes')
    return `mutation { result: renewRecoveryCodes { ... on RenewRecoveryCodesSuccess { recoveryCodes } ${ERRORS}
      ${PARTS.StepUpRequiredError ?? ''} ${PARTS.RateLimitedError ?? ''} } }`
  if (name === 'startPasskeyLogin' || name === 'startPasskeyRegistration')
    return `mutation { result: ${name} { ... on ${capital(name)}Success { challenge options expiresAt } ${ERRORS} } }`
  if (name === 'revokeOtherSessions') return 'mutation { result: revokeOtherSessions { revokedSessions } }'
  const operation = OPERATIONS[name]
  if (!operation) throw new Error(`No operation ${name}`)
  const { success, failures, successType = `${capital(name)}Success` } = operation
  // Of a union without failures that the interface reaches, every member implements it or is the success.
  const members = failures.map((member) => PARTS[member]).join(' ')
  const bang = name === 'refreshSession' ? '' : '!'
  return `mutation ($input: ${capital(name)}Input${bang}) { result: ${name}(input: $input) {
    ... on ${successType} { ${success} } ${ERRORS} ${members} } }`
}

/** Posts any document to the GraphQL door. */
export async function post(url: string, body: unknown, { token, headers }: CallOptions = {}): Promise<Response> {
  return fetch(`${url}/graphql`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...headers,
    },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  })
}

interface GraphQLBody {
  data?: { result?: Record<string, unknown> | null } | null
  errors?: { message: string; extensions: { code: string } }[]
}

/** Calls a mutation by the GraphQL door. */
export async function call(url: string, name: string, input?: unknown, options: CallOptions = {}): Promise<Answer> {
  return answerOf(await post(url, { query: documentOf(name), variables: { input } }, options))
}

/** Asks who is signed in, by the GraphQL door. */
export async function me(url: string, options: CallOptions = {}): Promise<Answer> {
  return answerOf(
    await post(url, { query: `{ result: me { ${USER} pendingEmail sessions { ${SESSION} } } }` }, options),
  )
}

async function answerOf(response: Response): Promise<Answer> {
  const text = await response.text()
  const { data, errors } = JSON.parse(text) as GraphQLBody
  const { status, headers } = response
  const failure = errors?.[0]
  if (failure) return { code: failure.extensions.code, data: { ...failure }, status, headers, text }
  const result = data?.result ?? {}
  return { code: typeof result.code === 'string' ? result.code : 'SUCCESS', data: result, status, headers, text }
}

/** Calls an operation by the REST door. */
export async function rest(url: string, name: string, input?: unknown, options: CallOptions = {}): Promise<Answer> {
  const route =
    name === 'logout'
      ? { method: 'POST', path: '/api/auth/logout' }
      : name === 'startPasskeyLogin' || name === 'startPasskeyRegistration'
        ? {
            method: 'POST',
            path: name === 'startPasskeyLogin' ? '/api/auth/passkey-login-start' : '/api/auth/passkey-start',
          }
        : name === 'me'
          ? { method: 'GET', path: '/api/auth/me' }
          : OPERATIONS[name]?.rest
  if (!route) throw new Error(`No route for ${name}`)
  const inPath = name === 'verifyEmail'
  const path = inPath ? route.path + encodeURIComponent((input as { token: string }).token) : route.path
  const { token, headers } = options
  const response = await fetch(url + path, {
    method: route.method,
    headers: {
      ...(route.method === 'POST' ? { 'content-type': 'application/json' } : {}),
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...headers,
    },
    ...(route.method === 'POST' ? { body: JSON.stringify(input ?? {}) } : {}),
  })
  const text = await response.text()
  const body = JSON.parse(text) as Record<string, unknown> & { error?: { code: string } }
  const data = body.error ?? body
  return { code: body.error?.code ?? 'SUCCESS', data, status: response.status, headers: response.headers, text }
}

/** Both doors, for a flow that must be the same by each. */
export const DOORS = [
  ['GraphQL', call],
  ['REST', rest],
] as const
export type Door = typeof call

/** What a login gives. */
export interface LoggedIn {
  user: { id: string; email: string; emailVerified: boolean; displayName: string | null; locale: string }
  session: { id: string; current: boolean; expiresAt: string }
  tokens: {
    accessToken: string
    accessTokenExpiresAt: string
    refreshToken: string | null
    refreshTokenExpiresAt: string
  }
}
