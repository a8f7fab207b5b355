// Written by scripts/schema.mjs from the schema: change it there.
/* eslint-disable */

export interface User {
  createdAt: string
  displayName: string | null
  /** Normalised: trimmed, lower case, domain in ASCII (IDNA). */
  email: string
  emailVerified: boolean
  id: string
  /** BCP 47 tag; mails to this user are written in it. */
  locale: string
}

export interface Account extends User {
  /** Oldest first. */
  passkeys: Passkey[]
  /** The address of a change that waits to be confirmed. */
  pendingEmail: string | null
  /** What the user has said of themselves for the app. No token has it: claims are written by operators. */
  profile: Record<string, unknown>
  /** Recovery codes that were not used yet. */
  recoveryCodesLeft: number
  /** Confirmed ones, oldest first. */
  secondFactors: SecondFactor[]
  /** What happened to the account, newest first. */
  securityEvents: SecurityEventConnection
  /** Live sessions, newest first. */
  sessions: Session[]
  /** What a login can begin with. */
  waysIn: WayInKind[]
}

export interface Passkey {
  /** The authenticator's model, where it says so. */
  aaguid: string | null
  createdAt: string
  /** In base64url, as browsers name it. */
  credentialId: string
  id: string
  lastUsedAt: string | null
  name: string
  /** Synced by a password manager, so it survives the device. */
  synced: boolean
}

export interface SecondFactor {
  createdAt: string
  id: string
  kind: SecondFactorKind
  lastUsedAt: string | null
  name: string
}

export type SecondFactorKind = 'PASSKEY' | 'RECOVERY_CODE' | 'TOTP'

export interface SecurityEventConnection {
  edges: SecurityEventEdge[]
  pageInfo: PageInfo
}

export interface SecurityEventEdge {
  cursor: string
  node: SecurityEvent
}

export interface SecurityEvent {
  /** True if an operator did it: then no address and no device is shown. */
  byOperator: boolean
  createdAt: string
  id: string
  ipAddress: string | null
  type: SecurityEventType
  userAgent: string | null
}

export type SecurityEventType = 'ACCOUNT_EXPORTED' | 'EMAIL_CHANGED' | 'EMAIL_CHANGE_CANCELLED' | 'EMAIL_CHANGE_REQUESTED' | 'EMAIL_CHANGE_UNDONE' | 'EMAIL_VERIFIED' | 'LOGGED_OUT' | 'LOGIN_FAILED' | 'LOGIN_REJECTED' | 'LOGIN_SUCCEEDED' | 'OTHER_SESSIONS_REVOKED' | 'PASSKEY_ADDED' | 'PASSKEY_CLONED' | 'PASSKEY_REMOVED' | 'PASSKEY_RENAMED' | 'PASSWORD_CHANGED' | 'PASSWORD_CHECK_FAILED' | 'PASSWORD_RESET' | 'PROFILE_UPDATED' | 'RECOVERY_CODES_RENEWED' | 'RECOVERY_CODE_USED' | 'REFRESH_TOKEN_REUSED' | 'REGISTRATION_REQUESTED' | 'ROLES_CHANGED' | 'SECOND_FACTORS_REMOVED' | 'SECOND_FACTOR_ADDED' | 'SECOND_FACTOR_FAILED' | 'SECOND_FACTOR_REMOVAL_CANCELLED' | 'SECOND_FACTOR_REMOVAL_PLANNED' | 'SECOND_FACTOR_REMOVED' | 'SECOND_FACTOR_REQUIRED' | 'SESSION_REVOKED' | 'STEPPED_UP' | 'USER_DISABLED' | 'USER_ENABLED' | 'USER_SESSIONS_ENDED'

export interface PageInfo {
  endCursor: string | null
  hasNextPage: boolean
}

export interface Session {
  /** 1 or 2, as in NIST SP 800-63B. */
  assuranceLevel: number
  /** When its user last proved who they are: at login, or by `stepUp`. */
  authenticatedAt: string
  createdAt: string
  /** True for the session that makes this request. */
  current: boolean
  expiresAt: string
  id: string
  ipAddress: string | null
  lastSeenAt: string
  userAgent: string | null
}

export type WayInKind = 'MAILED_CODE' | 'PASSKEY' | 'PASSWORD'

export interface PasswordPolicy {
  maxLength: number
  /** In characters (Unicode code points). */
  minLength: number
  /** Least accepted strength estimate, 0 to 4. */
  minScore: number
}

export type CancelEmailChangeResult =
  | CancelEmailChangeSuccess
  | RateLimitedError

export interface CancelEmailChangeSuccess {
  __typename: 'CancelEmailChangeSuccess'
  /** The address that the account has, and keeps. */
  email: string
}

/** A budget is spent: see @rateLimit. */
export interface RateLimitedError {
  __typename: 'RateLimitedError'
  code: 'RATE_LIMITED'
  /** For people, in the request's language; programs read `code`. */
  message: string
  /** In seconds. */
  retryAfter: number
}

export type UserErrorCode = 'EMAIL_NOT_VERIFIED' | 'EXPIRED_TOKEN' | 'INVALID_CREDENTIALS' | 'INVALID_INPUT' | 'INVALID_TOKEN' | 'LAST_WAY_IN' | 'NOT_FOUND' | 'OVERLOADED' | 'RATE_LIMITED' | 'SECOND_FACTOR_REQUIRED' | 'STEP_UP_REQUIRED' | 'WEAK_PASSWORD'

export type ChangePasswordResult =
  | ChangePasswordSuccess
  | InvalidCredentialsError
  | InvalidInputError
  | OverloadedError
  | RateLimitedError
  | StepUpRequiredError
  | WeakPasswordError

/** The session that made the change goes on with new tokens. */
export interface ChangePasswordSuccess {
  __typename: 'ChangePasswordSuccess'
  revokedSessions: number
  tokens: Tokens
}

export interface Tokens {
  /** A signed JWT: `Authorization: Bearer <accessToken>`. */
  accessToken: string
  accessTokenExpiresAt: string
  /** Null where the transport is COOKIE. */
  refreshToken: string | null
  refreshTokenExpiresAt: string
}

export interface InvalidCredentialsError {
  __typename: 'InvalidCredentialsError'
  code: 'INVALID_CREDENTIALS'
  /** For people, in the request's language; programs read `code`. */
  message: string
  /** The passkey that was presented and belongs to no account: for `PublicKeyCredential.signalUnknownCredential`. */
  unknownCredentialId: string | null
}

export interface InvalidInputError {
  __typename: 'InvalidInputError'
  code: 'INVALID_INPUT'
  fields: FieldError[]
  /** For people, in the request's language; programs read `code`. */
  message: string
}

export interface FieldError {
  code: FieldErrorCode
  /** Input field, as in `email`. */
  field: string
  message: string
}

export type FieldErrorCode = 'INVALID_FORMAT' | 'REQUIRED' | 'TOO_LONG' | 'TOO_SHORT' | 'UNCHANGED' | 'UNSUPPORTED'

/** More passwords wait to be hashed than can be answered in time; nothing was done. */
export interface OverloadedError {
  __typename: 'OverloadedError'
  code: 'OVERLOADED'
  /** For people, in the request's language; programs read `code`. */
  message: string
  /** In seconds. */
  retryAfter: number
}

/** What is asked for needs a fresh proof of who is there: see `stepUp`. */
export interface StepUpRequiredError {
  __typename: 'StepUpRequiredError'
  code: 'STEP_UP_REQUIRED'
  /** Seconds that a proof counts. */
  maxAge: number
  /** For people, in the request's language; programs read `code`. */
  message: string
  methods: StepUpMethod[]
}

export type StepUpMethod = 'PASSKEY' | 'PASSWORD' | 'RECOVERY_CODE' | 'TOTP'

export interface WeakPasswordError {
  __typename: 'WeakPasswordError'
  code: 'WEAK_PASSWORD'
  /** For people, in the request's language; programs read `code`. */
  message: string
  score: number
  suggestions: string[]
}

export interface ChangePasswordInput {
  currentPassword: string
  newPassword: string
}

export type TokenTransport = 'BODY' | 'COOKIE'

export type ConfirmEmailChangeResult =
  | ConfirmEmailChangeSuccess
  | ExpiredTokenError
  | InvalidTokenError
  | RateLimitedError

export interface ConfirmEmailChangeSuccess {
  __typename: 'ConfirmEmailChangeSuccess'
  email: string
}

export interface ExpiredTokenError {
  __typename: 'ExpiredTokenError'
  code: 'EXPIRED_TOKEN'
  /** For people, in the request's language; programs read `code`. */
  message: string
}

export interface InvalidTokenError {
  __typename: 'InvalidTokenError'
  code: 'INVALID_TOKEN'
  /** For people, in the request's language; programs read `code`. */
  message: string
}

export interface ConfirmEmailChangeInput {
  token: string
}

export type ConfirmResetResult =
  | ConfirmResetSuccess
  | ExpiredTokenError
  | InvalidInputError
  | InvalidTokenError
  | OverloadedError
  | RateLimitedError
  | WeakPasswordError

export interface ConfirmResetSuccess {
  __typename: 'ConfirmResetSuccess'
  /** The address that logs in with the new password. */
  email: string
  revokedSessions: number
}

export interface ConfirmResetInput {
  password: string
  token: string
}

export type ConfirmTotpResult =
  | ConfirmTotpSuccess
  | InvalidCredentialsError
  | InvalidInputError
  | NotFoundError
  | RateLimitedError
  | StepUpRequiredError

/** The session that confirmed goes on with new tokens; sessions of one factor have ended. */
export interface ConfirmTotpSuccess {
  __typename: 'ConfirmTotpSuccess'
  factor: SecondFactor
  /** Null unless this was the first factor. */
  recoveryCodes: string[] | null
  revokedSessions: number
  tokens: Tokens
}

export interface NotFoundError {
  __typename: 'NotFoundError'
  code: 'NOT_FOUND'
  /** For people, in the request's language; programs read `code`. */
  message: string
}

export interface ConfirmTotpInput {
  code: string
  factorId: string
}

export type DeleteAccountResult =
  | DeleteAccountSuccess
  | InvalidCredentialsError
  | OverloadedError
  | RateLimitedError
  | StepUpRequiredError

export interface DeleteAccountSuccess {
  __typename: 'DeleteAccountSuccess'
  userId: string
}

export interface DeleteAccountInput {
  password: string
}

export type EnrollTotpResult =
  | EnrollTotpSuccess
  | InvalidInputError
  | RateLimitedError
  | StepUpRequiredError

export interface EnrollTotpSuccess {
  __typename: 'EnrollTotpSuccess'
  expiresAt: string
  factorId: string
  /** Base32, for typing. */
  secret: string
  /** otpauth://, for a QR code. */
  uri: string
}

export interface EnrollTotpInput {
  name?: string | null
}

export type ExportAccountResult =
  | ExportAccountSuccess
  | RateLimitedError
  | StepUpRequiredError

export interface ExportAccountSuccess {
  __typename: 'ExportAccountSuccess'
  /** As docs/account-export.schema.json says. */
  export: Record<string, unknown>
}

export type LoginResult =
  | EmailNotVerifiedError
  | ExpiredTokenError
  | InvalidCredentialsError
  | InvalidInputError
  | InvalidTokenError
  | LoginSuccess
  | OverloadedError
  | RateLimitedError
  | SecondFactorRequiredError

/** Only said to one who knows the password. */
export interface EmailNotVerifiedError {
  __typename: 'EmailNotVerifiedError'
  code: 'EMAIL_NOT_VERIFIED'
  /** For people, in the request's language; programs read `code`. */
  message: string
}

export interface LoginSuccess {
  __typename: 'LoginSuccess'
  session: Session
  tokens: Tokens
  user: User
}

/** Said only after the first factor was right. The challenge lives five minutes and five attempts. */
export interface SecondFactorRequiredError {
  __typename: 'SecondFactorRequiredError'
  challenge: string
  code: 'SECOND_FACTOR_REQUIRED'
  expiresAt: string
  /** For people, in the request's language; programs read `code`. */
  message: string
  /** What the account has, the strongest first. */
  methods: SecondFactorKind[]
  /** For a passkey: what `navigator.credentials.get` takes. */
  passkeyOptions: Record<string, unknown> | null
}

export interface LoginInput {
  email: string
  password: string
}

export interface LoginWithCodeInput {
  /** Of `requestLoginCode`. */
  challenge: string
  /** Eight digits; blanks and hyphens between them do not count. */
  code: string
}

export interface LoginWithPasskeyInput {
  /** Of `startPasskeyLogin`. */
  challenge: string
  /** What `navigator.credentials.get` gave, by its `toJSON()`. */
  response: object
}

export type RegisterResult =
  | InvalidInputError
  | OverloadedError
  | RateLimitedError
  | RegisterSuccess
  | WeakPasswordError

/** The same for a new and for a known address: what the owner is told comes by mail. */
export interface RegisterSuccess {
  __typename: 'RegisterSuccess'
  /** For `verifyEmailByCode`, together with the code in the mail. The link in it works without. */
  challenge: string
  email: string
}

export interface RegisterInput {
  displayName?: string | null
  email: string
  locale?: string | null
  password: string
  /** Where the mailed link leads: one of REDIRECT_URLS, which gets `#action=…&token=…`. */
  redirect?: string | null
}

export type RegisterPasskeyResult =
  | ExpiredTokenError
  | InvalidCredentialsError
  | InvalidInputError
  | InvalidTokenError
  | RateLimitedError
  | RegisterPasskeySuccess
  | StepUpRequiredError

export interface RegisterPasskeySuccess {
  __typename: 'RegisterPasskeySuccess'
  passkey: Passkey
  /** Null unless this was the first factor. */
  recoveryCodes: string[] | null
}

export interface RegisterPasskeyInput {
  /** Of `startPasskeyRegistration`, in the same session. */
  challenge: string
  name?: string | null
  /** What `navigator.credentials.create` gave, by its `toJSON()`. */
  response: object
}

export type RejectLoginResult =
  | ExpiredTokenError
  | InvalidTokenError
  | RateLimitedError
  | RejectLoginSuccess

export interface RejectLoginSuccess {
  __typename: 'RejectLoginSuccess'
  /** A mail to this address leads to a new password. */
  email: string
}

export interface RejectLoginInput {
  token: string
}

export type RemovePasskeyResult =
  | LastWayInError
  | NotFoundError
  | RateLimitedError
  | RemovePasskeySuccess
  | StepUpRequiredError

/** Without it nobody could log in to the account any more. */
export interface LastWayInError {
  __typename: 'LastWayInError'
  code: 'LAST_WAY_IN'
  /** For people, in the request's language; programs read `code`. */
  message: string
}

/** What the page hands to PublicKeyCredential.signalAllAcceptedCredentials, so that the removed one is offered no more. */
export interface RemovePasskeySuccess {
  __typename: 'RemovePasskeySuccess'
  acceptedCredentialIds: string[]
  passkeyId: string
  rpId: string
  userHandle: string
}

export interface RemovePasskeyInput {
  passkeyId: string
}

export type RemoveSecondFactorResult =
  | NotFoundError
  | RateLimitedError
  | RemoveSecondFactorSuccess
  | StepUpRequiredError

export interface RemoveSecondFactorSuccess {
  __typename: 'RemoveSecondFactorSuccess'
  factorId: string
}

export interface RemoveSecondFactorInput {
  factorId: string
}

export type RenamePasskeyResult =
  | InvalidInputError
  | NotFoundError
  | RateLimitedError
  | RenamePasskeySuccess

export interface RenamePasskeySuccess {
  __typename: 'RenamePasskeySuccess'
  passkey: Passkey
}

export interface RenamePasskeyInput {
  name: string
  passkeyId: string
}

export type RenewRecoveryCodesResult =
  | NotFoundError
  | RateLimitedError
  | RenewRecoveryCodesSuccess
  | StepUpRequiredError

export interface RenewRecoveryCodesSuccess {
  __typename: 'RenewRecoveryCodesSuccess'
  recoveryCodes: string[]
}

export type RequestEmailChangeResult =
  | InvalidCredentialsError
  | InvalidInputError
  | OverloadedError
  | RateLimitedError
  | RequestEmailChangeSuccess
  | StepUpRequiredError

/** The same whether or not the new address has an account. */
export interface RequestEmailChangeSuccess {
  __typename: 'RequestEmailChangeSuccess'
  newEmail: string
}

export interface RequestEmailChangeInput {
  newEmail: string
  password: string
  /** Where the mailed link leads: one of REDIRECT_URLS, which gets `#action=…&token=…`. */
  redirect?: string | null
}

export type RequestLoginCodeResult =
  | InvalidInputError
  | RateLimitedError
  | RequestLoginCodeSuccess

/** The same whether or not the address has an account. */
export interface RequestLoginCodeSuccess {
  __typename: 'RequestLoginCodeSuccess'
  /** For `loginWithCode`, together with the code in the mail. Keep it until then. */
  challenge: string
  email: string
  expiresAt: string
}

export interface RequestLoginCodeInput {
  email: string
  /** Where the mailed link leads: one of REDIRECT_URLS, which gets `#action=…&code=…`. */
  redirect?: string | null
}

export type RequestResetResult =
  | InvalidInputError
  | RateLimitedError
  | RequestResetSuccess

/** The same whether or not the address has an account. */
export interface RequestResetSuccess {
  __typename: 'RequestResetSuccess'
  email: string
}

export interface RequestResetInput {
  email: string
  /** Where the mailed link leads: one of REDIRECT_URLS, which gets `#action=…&token=…`. */
  redirect?: string | null
}

export type ResendVerificationResult =
  | InvalidInputError
  | RateLimitedError
  | ResendVerificationSuccess

export interface ResendVerificationSuccess {
  __typename: 'ResendVerificationSuccess'
  /** For `verifyEmailByCode`, together with the code in the mail. The link in it works without. */
  challenge: string
  email: string
}

export interface ResendVerificationInput {
  email: string
  /** Where the mailed link leads: one of REDIRECT_URLS, which gets `#action=…&token=…`. */
  redirect?: string | null
}

export interface RevokeOtherSessionsSuccess {
  __typename: 'RevokeOtherSessionsSuccess'
  revokedSessions: number
}

export type RevokeSessionResult =
  | NotFoundError
  | RateLimitedError
  | RevokeSessionSuccess

export interface RevokeSessionSuccess {
  __typename: 'RevokeSessionSuccess'
  sessionId: string
}

export interface RevokeSessionInput {
  sessionId: string
}

export type StartPasskeyLoginResult =
  | RateLimitedError
  | StartPasskeyLoginSuccess

export interface StartPasskeyLoginSuccess {
  __typename: 'StartPasskeyLoginSuccess'
  challenge: string
  expiresAt: string
  /** For `navigator.credentials.get`. */
  options: Record<string, unknown>
}

export type StartPasskeyRegistrationResult =
  | RateLimitedError
  | StartPasskeyRegistrationSuccess
  | StepUpRequiredError

export interface StartPasskeyRegistrationSuccess {
  __typename: 'StartPasskeyRegistrationSuccess'
  challenge: string
  expiresAt: string
  /** For `navigator.credentials.create`. */
  options: Record<string, unknown>
}

export type StepUpResult =
  | InvalidCredentialsError
  | InvalidInputError
  | InvalidTokenError
  | OverloadedError
  | RateLimitedError
  | StepUpSuccess

/** The session goes on with new tokens. */
export interface StepUpSuccess {
  __typename: 'StepUpSuccess'
  session: Session
  tokens: Tokens
}

export interface StepUpInput {
  /** Of `startPasskeyLogin`, together with `passkey`. */
  challenge?: string | null
  /** For the options of `startPasskeyLogin`. */
  passkey?: object | null
  password?: string | null
  recoveryCode?: string | null
  totp?: string | null
}

export type UndoEmailChangeResult =
  | ExpiredTokenError
  | InvalidTokenError
  | RateLimitedError
  | UndoEmailChangeSuccess

export interface UndoEmailChangeSuccess {
  __typename: 'UndoEmailChangeSuccess'
  /** The address that the account has again. A mail to it leads to a new password. */
  email: string
}

export interface UndoEmailChangeInput {
  token: string
}

export type UpdateProfileResult =
  | InvalidInputError
  | RateLimitedError
  | UpdateProfileSuccess

export interface UpdateProfileSuccess {
  __typename: 'UpdateProfileSuccess'
  user: User
}

export interface UpdateProfileInput {
  displayName?: string | null
  locale?: string | null
  /** Replaces the profile: 4 kB at most, and as PROFILE_SCHEMA_FILE says. */
  profile?: object | null
}

export type VerifyEmailResult =
  | ExpiredTokenError
  | InvalidTokenError
  | RateLimitedError
  | VerifyEmailSuccess

/** Following the same link again within its lifetime succeeds again. */
export interface VerifyEmailSuccess {
  __typename: 'VerifyEmailSuccess'
  email: string
  /** Null in the ordinary case: the password given at registration counts now. Where more than one registration waited for the address, no password of theirs counts; whoever followed the link chooses one with `confirmReset` and this token. */
  resetToken: string | null
}

export interface VerifyEmailInput {
  token: string
}

export type VerifyEmailByCodeResult =
  | ExpiredTokenError
  | InvalidCredentialsError
  | InvalidInputError
  | InvalidTokenError
  | RateLimitedError
  | VerifyEmailSuccess

export interface VerifyEmailByCodeInput {
  /** Of `register` or `resendVerification`. */
  challenge: string
  /** Eight digits; blanks and hyphens between them do not count. */
  code: string
}

export interface VerifySecondFactorInput {
  challenge: string
  /** For `passkeyOptions` of SecondFactorRequiredError. */
  passkey?: object | null
  recoveryCode?: string | null
  totp?: string | null
}

export const DOCUMENTS = {
  me: ["query Me{me{createdAt displayName email emailVerified id locale passkeys{aaguid createdAt credentialId id lastUsedAt name synced} pendingEmail profile recoveryCodesLeft secondFactors{createdAt id kind lastUsedAt name} securityEvents{edges{cursor node{byOperator createdAt id ipAddress type userAgent}} pageInfo{endCursor hasNextPage}} sessions{assuranceLevel authenticatedAt createdAt current expiresAt id ipAddress lastSeenAt userAgent} waysIn}}", 'S'],
  passwordPolicy: ["query PasswordPolicy{passwordPolicy{maxLength minLength minScore}}", ''],
  cancelEmailChange: ["mutation CancelEmailChange{cancelEmailChange{__typename ...on UserError{code message} ...on CancelEmailChangeSuccess{email} ...on RateLimitedError{retryAfter}}}", 'S'],
  changePassword: ["mutation ChangePassword($input:ChangePasswordInput!){changePassword(input:$input){__typename ...on UserError{code message} ...on ChangePasswordSuccess{revokedSessions tokens{accessToken accessTokenExpiresAt refreshToken refreshTokenExpiresAt}} ...on InvalidCredentialsError{unknownCredentialId} ...on InvalidInputError{fields{code field message}} ...on OverloadedError{retryAfter} ...on RateLimitedError{retryAfter} ...on StepUpRequiredError{maxAge methods} ...on WeakPasswordError{score suggestions}}}", 'ST'],
  confirmEmailChange: ["mutation ConfirmEmailChange($input:ConfirmEmailChangeInput!){confirmEmailChange(input:$input){__typename ...on UserError{code message} ...on ConfirmEmailChangeSuccess{email} ...on RateLimitedError{retryAfter}}}", ''],
  confirmReset: ["mutation ConfirmReset($input:ConfirmResetInput!){confirmReset(input:$input){__typename ...on UserError{code message} ...on ConfirmResetSuccess{email revokedSessions} ...on InvalidInputError{fields{code field message}} ...on OverloadedError{retryAfter} ...on RateLimitedError{retryAfter} ...on WeakPasswordError{score suggestions}}}", ''],
  confirmTotp: ["mutation ConfirmTotp($input:ConfirmTotpInput!){confirmTotp(input:$input){__typename ...on UserError{code message} ...on ConfirmTotpSuccess{factor{createdAt id kind lastUsedAt name} recoveryCodes revokedSessions tokens{accessToken accessTokenExpiresAt refreshToken refreshTokenExpiresAt}} ...on InvalidCredentialsError{unknownCredentialId} ...on InvalidInputError{fields{code field message}} ...on RateLimitedError{retryAfter} ...on StepUpRequiredError{maxAge methods}}}", 'S'],
  deleteAccount: ["mutation DeleteAccount($input:DeleteAccountInput!){deleteAccount(input:$input){__typename ...on UserError{code message} ...on DeleteAccountSuccess{userId} ...on InvalidCredentialsError{unknownCredentialId} ...on OverloadedError{retryAfter} ...on RateLimitedError{retryAfter} ...on StepUpRequiredError{maxAge methods}}}", 'S'],
  enrollTotp: ["mutation EnrollTotp($input:EnrollTotpInput!){enrollTotp(input:$input){__typename ...on UserError{code message} ...on EnrollTotpSuccess{expiresAt factorId secret uri} ...on InvalidInputError{fields{code field message}} ...on RateLimitedError{retryAfter} ...on StepUpRequiredError{maxAge methods}}}", 'S'],
  exportAccount: ["mutation ExportAccount{exportAccount{__typename ...on UserError{code message} ...on ExportAccountSuccess{export} ...on RateLimitedError{retryAfter} ...on StepUpRequiredError{maxAge methods}}}", 'S'],
  login: ["mutation Login($input:LoginInput!){login(input:$input){__typename ...on UserError{code message} ...on InvalidCredentialsError{unknownCredentialId} ...on InvalidInputError{fields{code field message}} ...on LoginSuccess{session{assuranceLevel authenticatedAt createdAt current expiresAt id ipAddress lastSeenAt userAgent} tokens{accessToken accessTokenExpiresAt refreshToken refreshTokenExpiresAt} user{createdAt displayName email emailVerified id locale}} ...on OverloadedError{retryAfter} ...on RateLimitedError{retryAfter} ...on SecondFactorRequiredError{challenge expiresAt methods passkeyOptions}}}", 'T'],
  loginWithCode: ["mutation LoginWithCode($input:LoginWithCodeInput!){loginWithCode(input:$input){__typename ...on UserError{code message} ...on InvalidCredentialsError{unknownCredentialId} ...on InvalidInputError{fields{code field message}} ...on LoginSuccess{session{assuranceLevel authenticatedAt createdAt current expiresAt id ipAddress lastSeenAt userAgent} tokens{accessToken accessTokenExpiresAt refreshToken refreshTokenExpiresAt} user{createdAt displayName email emailVerified id locale}} ...on OverloadedError{retryAfter} ...on RateLimitedError{retryAfter} ...on SecondFactorRequiredError{challenge expiresAt methods passkeyOptions}}}", 'T'],
  loginWithPasskey: ["mutation LoginWithPasskey($input:LoginWithPasskeyInput!){loginWithPasskey(input:$input){__typename ...on UserError{code message} ...on InvalidCredentialsError{unknownCredentialId} ...on InvalidInputError{fields{code field message}} ...on LoginSuccess{session{assuranceLevel authenticatedAt createdAt current expiresAt id ipAddress lastSeenAt userAgent} tokens{accessToken accessTokenExpiresAt refreshToken refreshTokenExpiresAt} user{createdAt displayName email emailVerified id locale}} ...on OverloadedError{retryAfter} ...on RateLimitedError{retryAfter} ...on SecondFactorRequiredError{challenge expiresAt methods passkeyOptions}}}", 'T'],
  register: ["mutation Register($input:RegisterInput!){register(input:$input){__typename ...on UserError{code message} ...on InvalidInputError{fields{code field message}} ...on OverloadedError{retryAfter} ...on RateLimitedError{retryAfter} ...on RegisterSuccess{challenge email} ...on WeakPasswordError{score suggestions}}}", ''],
  registerPasskey: ["mutation RegisterPasskey($input:RegisterPasskeyInput!){registerPasskey(input:$input){__typename ...on UserError{code message} ...on InvalidCredentialsError{unknownCredentialId} ...on InvalidInputError{fields{code field message}} ...on RateLimitedError{retryAfter} ...on RegisterPasskeySuccess{passkey{aaguid createdAt credentialId id lastUsedAt name synced} recoveryCodes} ...on StepUpRequiredError{maxAge methods}}}", 'S'],
  rejectLogin: ["mutation RejectLogin($input:RejectLoginInput!){rejectLogin(input:$input){__typename ...on UserError{code message} ...on RateLimitedError{retryAfter} ...on RejectLoginSuccess{email}}}", ''],
  removePasskey: ["mutation RemovePasskey($input:RemovePasskeyInput!){removePasskey(input:$input){__typename ...on UserError{code message} ...on RateLimitedError{retryAfter} ...on RemovePasskeySuccess{acceptedCredentialIds passkeyId rpId userHandle} ...on StepUpRequiredError{maxAge methods}}}", 'S'],
  removeSecondFactor: ["mutation RemoveSecondFactor($input:RemoveSecondFactorInput!){removeSecondFactor(input:$input){__typename ...on UserError{code message} ...on RateLimitedError{retryAfter} ...on RemoveSecondFactorSuccess{factorId} ...on StepUpRequiredError{maxAge methods}}}", 'S'],
  renamePasskey: ["mutation RenamePasskey($input:RenamePasskeyInput!){renamePasskey(input:$input){__typename ...on UserError{code message} ...on InvalidInputError{fields{code field message}} ...on RateLimitedError{retryAfter} ...on RenamePasskeySuccess{passkey{aaguid createdAt credentialId id lastUsedAt name synced}}}}", 'S'],
  renewRecoveryCodes: ["mutation RenewRecoveryCodes{renewRecoveryCodes{__typename ...on UserError{code message} ...on RateLimitedError{retryAfter} ...on RenewRecoveryCodesSuccess{recoveryCodes} ...on StepUpRequiredError{maxAge methods}}}", 'S'],
  requestEmailChange: ["mutation RequestEmailChange($input:RequestEmailChangeInput!){requestEmailChange(input:$input){__typename ...on UserError{code message} ...on InvalidCredentialsError{unknownCredentialId} ...on InvalidInputError{fields{code field message}} ...on OverloadedError{retryAfter} ...on RateLimitedError{retryAfter} ...on RequestEmailChangeSuccess{newEmail} ...on StepUpRequiredError{maxAge methods}}}", 'S'],
  requestLoginCode: ["mutation RequestLoginCode($input:RequestLoginCodeInput!){requestLoginCode(input:$input){__typename ...on UserError{code message} ...on InvalidInputError{fields{code field message}} ...on RateLimitedError{retryAfter} ...on RequestLoginCodeSuccess{challenge email expiresAt}}}", ''],
  requestReset: ["mutation RequestReset($input:RequestResetInput!){requestReset(input:$input){__typename ...on UserError{code message} ...on InvalidInputError{fields{code field message}} ...on RateLimitedError{retryAfter} ...on RequestResetSuccess{email}}}", ''],
  resendVerification: ["mutation ResendVerification($input:ResendVerificationInput!){resendVerification(input:$input){__typename ...on UserError{code message} ...on InvalidInputError{fields{code field message}} ...on RateLimitedError{retryAfter} ...on ResendVerificationSuccess{challenge email}}}", ''],
  revokeOtherSessions: ["mutation RevokeOtherSessions{revokeOtherSessions{__typename revokedSessions}}", 'S'],
  revokeSession: ["mutation RevokeSession($input:RevokeSessionInput!){revokeSession(input:$input){__typename ...on UserError{code message} ...on RateLimitedError{retryAfter} ...on RevokeSessionSuccess{sessionId}}}", 'S'],
  startPasskeyLogin: ["mutation StartPasskeyLogin{startPasskeyLogin{__typename ...on UserError{code message} ...on RateLimitedError{retryAfter} ...on StartPasskeyLoginSuccess{challenge expiresAt options}}}", ''],
  startPasskeyRegistration: ["mutation StartPasskeyRegistration{startPasskeyRegistration{__typename ...on UserError{code message} ...on RateLimitedError{retryAfter} ...on StartPasskeyRegistrationSuccess{challenge expiresAt options} ...on StepUpRequiredError{maxAge methods}}}", 'S'],
  stepUp: ["mutation StepUp($input:StepUpInput!){stepUp(input:$input){__typename ...on UserError{code message} ...on InvalidCredentialsError{unknownCredentialId} ...on InvalidInputError{fields{code field message}} ...on OverloadedError{retryAfter} ...on RateLimitedError{retryAfter} ...on StepUpSuccess{session{assuranceLevel authenticatedAt createdAt current expiresAt id ipAddress lastSeenAt userAgent} tokens{accessToken accessTokenExpiresAt refreshToken refreshTokenExpiresAt}}}}", 'S'],
  undoEmailChange: ["mutation UndoEmailChange($input:UndoEmailChangeInput!){undoEmailChange(input:$input){__typename ...on UserError{code message} ...on RateLimitedError{retryAfter} ...on UndoEmailChangeSuccess{email}}}", ''],
  updateProfile: ["mutation UpdateProfile($input:UpdateProfileInput!){updateProfile(input:$input){__typename ...on UserError{code message} ...on InvalidInputError{fields{code field message}} ...on RateLimitedError{retryAfter} ...on UpdateProfileSuccess{user{createdAt displayName email emailVerified id locale}}}}", 'S'],
  verifyEmail: ["mutation VerifyEmail($input:VerifyEmailInput!){verifyEmail(input:$input){__typename ...on UserError{code message} ...on RateLimitedError{retryAfter} ...on VerifyEmailSuccess{email resetToken}}}", ''],
  verifyEmailByCode: ["mutation VerifyEmailByCode($input:VerifyEmailByCodeInput!){verifyEmailByCode(input:$input){__typename ...on UserError{code message} ...on InvalidCredentialsError{unknownCredentialId} ...on InvalidInputError{fields{code field message}} ...on RateLimitedError{retryAfter} ...on VerifyEmailSuccess{email resetToken}}}", ''],
  verifySecondFactor: ["mutation VerifySecondFactor($input:VerifySecondFactorInput!){verifySecondFactor(input:$input){__typename ...on UserError{code message} ...on InvalidCredentialsError{unknownCredentialId} ...on InvalidInputError{fields{code field message}} ...on LoginSuccess{session{assuranceLevel authenticatedAt createdAt current expiresAt id ipAddress lastSeenAt userAgent} tokens{accessToken accessTokenExpiresAt refreshToken refreshTokenExpiresAt} user{createdAt displayName email emailVerified id locale}} ...on OverloadedError{retryAfter} ...on RateLimitedError{retryAfter} ...on SecondFactorRequiredError{challenge expiresAt methods passkeyOptions}}}", 'T'],
} as const

export interface Methods {
  /** The signed-in user; null for an anonymous request. A token that is expired, revoked or forged is an UNAUTHENTICATED error, not null. */
  me(): Promise<Account | null>
  /** What `register`, `confirmReset` and `changePassword` demand of a password. */
  passwordPolicy(): Promise<PasswordPolicy>
  /** Voids a change that waits to be confirmed; succeeds where there is none. */
  cancelEmailChange(): Promise<CancelEmailChangeResult>
  changePassword(input: ChangePasswordInput): Promise<ChangePasswordResult>
  confirmEmailChange(input: ConfirmEmailChangeInput): Promise<ConfirmEmailChangeResult>
  confirmReset(input: ConfirmResetInput): Promise<ConfirmResetResult>
  /** Proves the app by one code; the first factor also brings the recovery codes, shown this once. */
  confirmTotp(input: ConfirmTotpInput): Promise<ConfirmTotpResult>
  deleteAccount(input: DeleteAccountInput): Promise<DeleteAccountResult>
  /** Begins to add an authenticator app. Nothing changes until `confirmTotp`. */
  enrollTotp(input: EnrollTotpInput): Promise<EnrollTotpResult>
  /** Everything that is stored about the account, without secrets. */
  exportAccount(): Promise<ExportAccountResult>
  login(input: LoginInput): Promise<LoginResult>
  loginWithCode(input: LoginWithCodeInput): Promise<LoginResult>
  loginWithPasskey(input: LoginWithPasskeyInput): Promise<LoginResult>
  register(input: RegisterInput): Promise<RegisterResult>
  /** From then on the passkey logs in by itself, and a login by password asks for a second factor. */
  registerPasskey(input: RegisterPasskeyInput): Promise<RegisterPasskeyResult>
  /** Redeems the link in the mail about a login from a new device, which was not the owner: ends its session and mails a link to choose a new password. Logs nobody in. */
  rejectLogin(input: RejectLoginInput): Promise<RejectLoginResult>
  /** Sessions that it opened go on: see `revokeOtherSessions`. */
  removePasskey(input: RemovePasskeyInput): Promise<RemovePasskeyResult>
  /** With the last factor the recovery codes go. */
  removeSecondFactor(input: RemoveSecondFactorInput): Promise<RemoveSecondFactorResult>
  renamePasskey(input: RenamePasskeyInput): Promise<RenamePasskeyResult>
  /** Voids the old codes and shows ten new ones, once. */
  renewRecoveryCodes(): Promise<RenewRecoveryCodesResult>
  requestEmailChange(input: RequestEmailChangeInput): Promise<RequestEmailChangeResult>
  /** Mails a code of eight digits, if the address has an account (or may get one: SIGN_UP_BY_CODE). */
  requestLoginCode(input: RequestLoginCodeInput): Promise<RequestLoginCodeResult>
  requestReset(input: RequestResetInput): Promise<RequestResetResult>
  resendVerification(input: ResendVerificationInput): Promise<ResendVerificationResult>
  revokeOtherSessions(): Promise<RevokeOtherSessionsSuccess>
  revokeSession(input: RevokeSessionInput): Promise<RevokeSessionResult>
  /** Begins a login without a name: no address is asked for, so none can be tested. */
  startPasskeyLogin(): Promise<StartPasskeyLoginResult>
  /** Begins to add a passkey; `options` is for navigator.credentials.create. */
  startPasskeyRegistration(): Promise<StartPasskeyRegistrationResult>
  /** Proves again who is there: what asks for it answers StepUpRequiredError. */
  stepUp(input: StepUpInput): Promise<StepUpResult>
  /** Redeems the link that was mailed to the former address: restores it, ends every session and mails a link to choose a new password. Logs nobody in. */
  undoEmailChange(input: UndoEmailChangeInput): Promise<UndoEmailChangeResult>
  updateProfile(input: UpdateProfileInput): Promise<UpdateProfileResult>
  verifyEmail(input: VerifyEmailInput): Promise<VerifyEmailResult>
  /** The verification mail's code, for the browser or app that registered. */
  verifyEmailByCode(input: VerifyEmailByCodeInput): Promise<VerifyEmailByCodeResult>
  /** The second step of a login: `challenge` comes from SecondFactorRequiredError. */
  verifySecondFactor(input: VerifySecondFactorInput): Promise<LoginResult>
}

