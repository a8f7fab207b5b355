export interface Session {
  id: string
  current: boolean
  userAgent: string | null
  ipAddress: string | null
  lastSeenAt: string
}
export interface Passkey {
  id: string
  name: string
  createdAt: string
  lastUsedAt: string | null
}
export interface User {
  id: string
  email: string
  displayName: string | null
  locale: string
  pendingEmail: string | null
  recoveryCodesLeft: number
  waysIn: string[]
  secondFactors: { id: string; kind: string; name: string; createdAt: string; lastUsedAt: string | null }[]
  passkeys: Passkey[]
  sessions: Session[]
}

/** What `navigator.credentials` takes or gives, in the form of its `toJSON()`. */
export type CredentialJson = Record<string, unknown>
interface Ceremony {
  challenge: string
  options: CredentialJson
}
type Cookie = { transport: 'COOKIE' }
export interface Proof {
  password?: string
  totp?: string
  recoveryCode?: string
  passkey?: CredentialJson
}

/** The operations of the page: what each takes, and what its success has. */
export interface Operations {
  me: { input: undefined; success: User }
  login: { input: { email: string; password: string } & Cookie; success: object }
  loginWithCode: { input: { challenge: string; code: string } & Cookie; success: object }
  requestLoginCode: { input: { email: string }; success: { email: string; challenge: string; expiresAt: string } }
  startPasskeyLogin: { input: undefined; success: Ceremony }
  loginWithPasskey: { input: { challenge: string; response: CredentialJson } & Cookie; success: object }
  verifySecondFactor: { input: { challenge: string } & Proof & Cookie; success: object }
  refreshSession: { input: undefined; success: object }
  logout: { input: undefined; success: object }
  register: {
    input: { email: string; password: string; displayName: string | null; locale: string }
    success: { email: string; challenge: string }
  }
  resendVerification: { input: { email: string }; success: { email: string; challenge: string } }
  verifyEmailByCode: {
    input: { challenge: string; code: string }
    success: { email: string; resetToken: string | null }
  }
  requestReset: { input: { email: string }; success: { email: string } }
  stepUp: { input: Proof & { challenge?: string }; success: object }
  changePassword: { input: { currentPassword: string; newPassword: string } & Cookie; success: object }
  requestEmailChange: { input: { newEmail: string; password: string }; success: { newEmail: string } }
  cancelEmailChange: { input: undefined; success: object }
  updateProfile: { input: { displayName: string | null; locale: string }; success: object }
  deleteAccount: { input: { password: string }; success: object }
  revokeSession: { input: { sessionId: string }; success: object }
  revokeOtherSessions: { input: undefined; success: object }
  enrollTotp: { input: { name?: string }; success: { factorId: string; secret: string; uri: string } }
  confirmTotp: { input: { factorId: string; code: string }; success: { recoveryCodes: string[] | null } }
  removeSecondFactor: { input: { factorId: string }; success: object }
  renewRecoveryCodes: { input: undefined; success: { recoveryCodes: string[] } }
  startPasskeyRegistration: { input: undefined; success: Ceremony }
  registerPasskey: {
    input: { challenge: string; response: CredentialJson; name?: string }
    success: { recoveryCodes: string[] | null }
  }
  renamePasskey: { input: { passkeyId: string; name: string }; success: object }
  removePasskey: {
    input: { passkeyId: string }
    success: { acceptedCredentialIds: string[]; rpId: string; userHandle: string }
  }
}
export type Operation = keyof Operations

/** Operations without an input. */
const BARE = new Set<Operation>([
  'startPasskeyLogin',
  'startPasskeyRegistration',
  'refreshSession',
  'logout',
  'cancelEmailChange',
  'revokeOtherSessions',
  'renewRecoveryCodes',
])

const TOKENS = 'tokens { accessToken accessTokenExpiresAt }'
const FAILURE = '__typename ... on UserError { code message }'
const FIELDS = '... on InvalidInputError { fields { field message } }'
const WEAK = '... on WeakPasswordError { suggestions }'
const STEP_UP = '... on StepUpRequiredError { methods }'
const LOGIN = `${FAILURE} ${FIELDS} ... on LoginSuccess { ${TOKENS} }
  ... on SecondFactorRequiredError { challenge methods passkeyOptions }`

/** What each mutation selects of its result. */
const SELECTIONS: Record<Exclude<Operation, 'me'>, string> = {
  login: LOGIN,
  loginWithCode: LOGIN,
  loginWithPasskey: LOGIN.replace(FIELDS, ''),
  verifySecondFactor: LOGIN,
  requestLoginCode: `${FAILURE} ${FIELDS} ... on RequestLoginCodeSuccess { email challenge expiresAt }`,
  startPasskeyLogin: `${FAILURE} ... on StartPasskeyLoginSuccess { challenge options }`,
  refreshSession: `${FAILURE} ... on RefreshSessionSuccess { ${TOKENS} }`,
  logout: 'sessionId',
  register: `${FAILURE} ${FIELDS} ${WEAK} ... on RegisterSuccess { email challenge }`,
  resendVerification: `${FAILURE} ${FIELDS} ... on ResendVerificationSuccess { email challenge }`,
  verifyEmailByCode: `${FAILURE} ${FIELDS} ... on VerifyEmailSuccess { email resetToken }`,
  requestReset: `${FAILURE} ${FIELDS} ... on RequestResetSuccess { email }`,
  stepUp: `${FAILURE} ${FIELDS} ... on StepUpSuccess { ${TOKENS} }`,
  changePassword: `${FAILURE} ${FIELDS} ${WEAK} ${STEP_UP} ... on ChangePasswordSuccess { ${TOKENS} }`,
  requestEmailChange: `${FAILURE} ${FIELDS} ${STEP_UP} ... on RequestEmailChangeSuccess { newEmail }`,
  cancelEmailChange: FAILURE,
  updateProfile: `${FAILURE} ${FIELDS}`,
  deleteAccount: `${FAILURE} ${STEP_UP}`,
  revokeSession: FAILURE,
  revokeOtherSessions: 'revokedSessions',
  enrollTotp: `${FAILURE} ${FIELDS} ${STEP_UP} ... on EnrollTotpSuccess { factorId secret uri }`,
  confirmTotp: `${FAILURE} ${FIELDS} ${STEP_UP} ... on ConfirmTotpSuccess { recoveryCodes ${TOKENS} }`,
  removeSecondFactor: `${FAILURE} ${STEP_UP}`,
  renewRecoveryCodes: `${FAILURE} ${STEP_UP} ... on RenewRecoveryCodesSuccess { recoveryCodes }`,
  startPasskeyRegistration: `${FAILURE} ${STEP_UP} ... on StartPasskeyRegistrationSuccess { challenge options }`,
  registerPasskey: `${FAILURE} ${FIELDS} ${STEP_UP} ... on RegisterPasskeySuccess { recoveryCodes }`,
  renamePasskey: `${FAILURE} ${FIELDS}`,
  removePasskey: `${FAILURE} ${STEP_UP} ... on RemovePasskeySuccess { acceptedCredentialIds rpId userHandle }`,
}

/** The document of an operation, named like it. */
export function documentOf(name: Operation): string {
  if (name === 'me')
    return `query me { me { id email displayName locale pendingEmail recoveryCodesLeft waysIn
      secondFactors { id kind name createdAt lastUsedAt } passkeys { id name createdAt lastUsedAt }
      sessions { id current userAgent ipAddress lastSeenAt } } }`
  const type = `${name.charAt(0).toUpperCase()}${name.slice(1)}Input`
  const [variables, argument] = BARE.has(name)
    ? ['', '']
    : // The cookie renews the session: its input may be left out.
      [`($input: ${type}!)`, '(input: $input)']
  return `mutation ${name}${variables} { ${name}${argument} { ${SELECTIONS[name]} } }`
}
