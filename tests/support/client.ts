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
  inputType?: string
}

const hashing = ['RateLimitedError', 'OverloadedError']
const OPERATIONS: Record<string, Operation> = {
  register: {
    success: 'email',
    failures: ['InvalidInputError', 'WeakPasswordError', ...hashing],
  },
  verifyEmail: {
    success: 'email resetToken',
    failures: ['RateLimitedError'],
  },
  resendVerification: { success: 'email', failures: ['InvalidInputError', 'RateLimitedError'] },
  verifyEmailByCode: {
    success: 'email resetToken',
    successType: 'VerifyEmailSuccess',
    failures: ['InvalidInputError', 'RateLimitedError'],
  },
  requestLoginCode: {
    success: 'email challenge expiresAt',
    failures: ['InvalidInputError', 'RateLimitedError'],
  },
  loginWithCode: {
    success: `user { ${USER} } session { ${SESSION} } ${TOKENS}`,
    successType: 'LoginSuccess',
    failures: ['InvalidInputError', 'SecondFactorRequiredError', 'RateLimitedError'],
  },
  login: {
    success: `user { ${USER} } session { ${SESSION} } ${TOKENS}`,
    failures: ['InvalidInputError', 'SecondFactorRequiredError', ...hashing],
  },
  verifySecondFactor: {
    success: `user { ${USER} } session { ${SESSION} } ${TOKENS}`,
    successType: 'LoginSuccess',
    failures: ['InvalidInputError', 'RateLimitedError'],
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
  },
  loginWithPasskey: {
    success: `user { ${USER} } session { ${SESSION} } ${TOKENS}`,
    successType: 'LoginSuccess',
    failures: ['InvalidCredentialsError', 'RateLimitedError'],
  },
  registerPasskey: {
    success: `passkey { ${PASSKEY} } recoveryCodes`,
    failures: ['InvalidInputError', 'StepUpRequiredError', 'RateLimitedError'],
  },
  renamePasskey: { success: `passkey { ${PASSKEY} }`, failures: ['InvalidInputError', 'RateLimitedError'] },
  removePasskey: {
    success: 'passkeyId acceptedCredentialIds rpId userHandle',
    failures: ['StepUpRequiredError', 'RateLimitedError'],
  },
  refreshSession: {
    success: `session { ${SESSION} } ${TOKENS}`,
    failures: ['RateLimitedError'],
  },
  requestReset: {
    success: 'email',
    failures: ['InvalidInputError', 'RateLimitedError'],
  },
  confirmReset: {
    success: 'email revokedSessions',
    failures: ['InvalidInputError', 'WeakPasswordError', ...hashing],
  },
  revokeSession: { success: 'sessionId', failures: ['RateLimitedError'] },
  updateProfile: { success: `user { ${USER} }`, failures: ['InvalidInputError', 'RateLimitedError'] },
  changePassword: {
    success: `revokedSessions ${TOKENS}`,
    failures: ['InvalidInputError', 'WeakPasswordError', 'StepUpRequiredError', ...hashing],
  },
  requestEmailChange: { success: 'newEmail', failures: ['InvalidInputError', 'StepUpRequiredError', ...hashing] },
  confirmEmailChange: { success: 'email', failures: ['RateLimitedError'] },
  undoEmailChange: { success: 'email', failures: ['RateLimitedError'] },
  rejectLogin: { success: 'email', failures: ['RateLimitedError'] },
  exportAccount: {
    success: 'export',
    failures: ['StepUpRequiredError', 'RateLimitedError'],
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

/** Where the REST door has each operation, and the parts of `me`. */
export const ROUTES: Readonly<Record<string, string>> = {
  register: 'POST register',
  verifyEmail: 'GET verify/',
  verifyEmailByCode: 'POST verify-code',
  resendVerification: 'POST verify-resend',
  login: 'POST login',
  requestLoginCode: 'POST login-code-request',
  loginWithCode: 'POST login-code',
  startPasskeyLogin: 'POST passkey-login-start',
  loginWithPasskey: 'POST passkey-login',
  verifySecondFactor: 'POST second-factor',
  refreshSession: 'POST refresh',
  logout: 'POST logout',
  stepUp: 'POST step-up',
  me: 'GET me',
  updateProfile: 'POST profile',
  sessions: 'GET sessions',
  revokeSession: 'POST session-revoke',
  revokeOtherSessions: 'POST sessions-revoke-others',
  securityEvents: 'GET security-events',
  exportAccount: 'POST export',
  deleteAccount: 'POST account-delete',
  passwordPolicy: 'GET password-policy',
  changePassword: 'POST password',
  requestReset: 'POST reset-request',
  confirmReset: 'POST reset-confirm',
  requestEmailChange: 'POST email-change-request',
  confirmEmailChange: 'POST email-change-confirm',
  cancelEmailChange: 'POST email-change-cancel',
  undoEmailChange: 'POST email-change-undo',
  rejectLogin: 'POST login-reject',
  waysIn: 'GET ways-in',
  enrollTotp: 'POST totp-start',
  confirmTotp: 'POST totp',
  removeSecondFactor: 'POST second-factor-remove',
  renewRecoveryCodes: 'POST recovery-codes',
  startPasskeyRegistration: 'POST passkey-start',
  registerPasskey: 'POST passkey',
  renamePasskey: 'POST passkey-rename',
  removePasskey: 'POST passkey-remove',
}

/** Calls an operation by the REST door. */
export async function rest(url: string, name: string, input?: unknown, options: CallOptions = {}): Promise<Answer> {
  const route = ROUTES[name]
  if (!route) throw new Error(`No route for ${name}`)
  const [method, path] = route.split(' ', 2) as [string, string]
  const inPath = name === 'verifyEmail' ? encodeURIComponent((input as { token: string }).token) : ''
  const inUrl =
    method === 'GET' && !inPath && input !== undefined ? `?${new URLSearchParams(input as never).toString()}` : ''
  const { token, headers } = options
  const response = await fetch(`${url}/api/auth/${path}${inPath}${inUrl}`, {
    method,
    headers: {
      ...(method === 'POST' ? { 'content-type': 'application/json' } : {}),
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...headers,
    },
    ...(method === 'POST' ? { body: JSON.stringify(input ?? {}) } : {}),
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
