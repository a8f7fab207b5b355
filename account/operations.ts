export interface Session {
  id: string
  current: boolean
  userAgent: string | null
  ipAddress: string | null
  lastSeenAt: string
}
export interface User {
  email: string
  displayName: string | null
  locale: string
  pendingEmail: string | null
  recoveryCodesLeft: number
  waysIn: string[]
  secondFactors: { id: string; name: string; createdAt: string }[]
  sessions: Session[]
}

type Cookie = { transport: 'COOKIE' }
type Proof = { password?: string; totp?: string; recoveryCode?: string }

/** The operations of the page: what each takes, and what its success has. */
export interface Operations {
  me: { input: undefined; success: User }
  login: { input: { email: string; password: string } & Cookie; success: object }
  loginWithCode: { input: { challenge: string; code: string } & Cookie; success: object }
  requestLoginCode: { input: { email: string }; success: { email: string; challenge: string } }
  verifySecondFactor: { input: { challenge: string; totp?: string; recoveryCode?: string } & Cookie; success: object }
  refreshSession: { input: undefined; success: object }
  logout: { input: undefined; success: object }
  register: {
    input: { email: string; password: string; displayName: string | null; locale: string }
    success: { email: string; challenge: string }
  }
  resendVerification: { input: { email: string }; success: { email: string; challenge: string } }
  verifyEmailByCode: { input: { challenge: string; code: string }; success: { email: string; resetToken: string | null } }
  requestReset: { input: { email: string }; success: { email: string } }
  stepUp: { input: Proof; success: object }
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
}
export type Operation = keyof Operations

const TOKENS = 'tokens { accessToken accessTokenExpiresAt }'
const FAILURE = '__typename ... on UserError { code message }'
const FIELDS = '... on InvalidInputError { fields { field message } }'
const WEAK = '... on WeakPasswordError { suggestions }'
const STEP_UP = '... on StepUpRequiredError { methods }'
const LOGIN = `... on LoginSuccess { ${TOKENS} } ${FIELDS} ... on SecondFactorRequiredError { challenge methods }`

/** A mutation that takes its input, where the schema has one, and selects what the page shows. */
function mutation(name: string, selection: string, { input = true } = {}): string {
  const type = `${name.charAt(0).toUpperCase()}${name.slice(1)}Input`
  const [variables, argument] = input ? [`($input: ${type}!)`, '(input: $input)'] : ['', '']
  return `mutation ${name}${variables} { ${name}${argument} { ${selection} } }`
}

export const QUERIES: Record<Operation, string> = {
  me: `query me { me { email displayName locale pendingEmail recoveryCodesLeft waysIn
    secondFactors { id name createdAt } sessions { id current userAgent ipAddress lastSeenAt } } }`,
  login: mutation('login', `${FAILURE} ${LOGIN}`),
  loginWithCode: mutation('loginWithCode', `${FAILURE} ${LOGIN}`),
  verifySecondFactor: mutation('verifySecondFactor', `${FAILURE} ${LOGIN}`),
  requestLoginCode: mutation(
    'requestLoginCode',
    `${FAILURE} ${FIELDS} ... on RequestLoginCodeSuccess { email challenge }`,
  ),
  refreshSession: mutation('refreshSession', `${FAILURE} ... on RefreshSessionSuccess { ${TOKENS} }`, { input: false }),
  logout: mutation('logout', 'sessionId', { input: false }),
  register: mutation('register', `${FAILURE} ${FIELDS} ${WEAK} ... on RegisterSuccess { email challenge }`),
  resendVerification: mutation(
    'resendVerification',
    `${FAILURE} ${FIELDS} ... on ResendVerificationSuccess { email challenge }`,
  ),
  verifyEmailByCode: mutation(
    'verifyEmailByCode',
    `${FAILURE} ${FIELDS} ... on VerifyEmailSuccess { email resetToken }`,
  ),
  requestReset: mutation('requestReset', `${FAILURE} ${FIELDS} ... on RequestResetSuccess { email }`),
  stepUp: mutation('stepUp', `${FAILURE} ${FIELDS} ... on StepUpSuccess { ${TOKENS} }`),
  changePassword: mutation(
    'changePassword',
    `${FAILURE} ${FIELDS} ${WEAK} ${STEP_UP} ... on ChangePasswordSuccess { ${TOKENS} }`,
  ),
  requestEmailChange: mutation(
    'requestEmailChange',
    `${FAILURE} ${FIELDS} ${STEP_UP} ... on RequestEmailChangeSuccess { newEmail }`,
  ),
  cancelEmailChange: mutation('cancelEmailChange', FAILURE, { input: false }),
  updateProfile: mutation('updateProfile', `${FAILURE} ${FIELDS}`),
  deleteAccount: mutation('deleteAccount', `${FAILURE} ${STEP_UP}`),
  revokeSession: mutation('revokeSession', FAILURE),
  revokeOtherSessions: mutation('revokeOtherSessions', 'revokedSessions', { input: false }),
  enrollTotp: mutation('enrollTotp', `${FAILURE} ${FIELDS} ${STEP_UP} ... on EnrollTotpSuccess { factorId secret uri }`),
  confirmTotp: mutation(
    'confirmTotp',
    `${FAILURE} ${FIELDS} ${STEP_UP} ... on ConfirmTotpSuccess { recoveryCodes ${TOKENS} }`,
  ),
  removeSecondFactor: mutation('removeSecondFactor', `${FAILURE} ${STEP_UP}`),
  renewRecoveryCodes: mutation(
    'renewRecoveryCodes',
    `${FAILURE} ${STEP_UP} ... on RenewRecoveryCodesSuccess { recoveryCodes }`,
    { input: false },
  ),
}
