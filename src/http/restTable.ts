import type { TypedDocumentNode } from '@graphql-typed-document-node/core'
import type { FastifyRequest } from 'fastify'
import { getOperationAST } from 'graphql'
import type { UserErrorCode } from '../errors/catalogue'
import {
  CancelEmailChangeDocument,
  ChangePasswordDocument,
  ConfirmEmailChangeDocument,
  ConfirmResetDocument,
  ConfirmTotpDocument,
  DeleteAccountDocument,
  EnrollTotpDocument,
  ExportAccountDocument,
  LoginDocument,
  LoginWithCodeDocument,
  LoginWithPasskeyDocument,
  LogoutDocument,
  MeDocument,
  PasswordPolicyDocument,
  RefreshSessionDocument,
  RegisterDocument,
  RegisterPasskeyDocument,
  RejectLoginDocument,
  RemovePasskeyDocument,
  RemoveSecondFactorDocument,
  RenamePasskeyDocument,
  RenewRecoveryCodesDocument,
  RequestEmailChangeDocument,
  RequestLoginCodeDocument,
  RequestResetDocument,
  ResendVerificationDocument,
  RevokeOtherSessionsDocument,
  RevokeSessionDocument,
  SecurityEventsDocument,
  SessionsDocument,
  StartPasskeyLoginDocument,
  StartPasskeyRegistrationDocument,
  StepUpDocument,
  UndoEmailChangeDocument,
  UpdateProfileDocument,
  VerifyEmailByCodeDocument,
  VerifyEmailDocument,
  VerifySecondFactorDocument,
  WaysInDocument,
} from '../graphql/operations/documents.generated'

/** What shows who asks. */
export type Credential = 'accessToken' | 'refreshCookie' | 'none'

export interface RestRoute {
  method: 'GET' | 'POST'
  url: string
  /** The operation that is run: the route exists if the schema has its field, with the same rate limits as by GraphQL. */
  document: TypedDocumentNode<object, never>
  /** Its variables; the schema validates them. */
  variables: (request: FastifyRequest) => Record<string, unknown>
  /** The status of a success. */
  status: number
  /** The statuses of failures where this route has its own. */
  failures?: Partial<Record<UserErrorCode, number>>
  /** Any of these, where the route takes others than the access token of a field that demands a login. */
  credentials?: readonly Credential[]
}

const nothing = () => ({})
const body = (request: FastifyRequest) => ({ input: request.body ?? {} })
const tokenInPath = (request: FastifyRequest) => ({ input: request.params })

/** The arguments of a page, where they are given. Text that is no number stays text, which the schema refuses. */
const page = ({ query }: FastifyRequest) => {
  const { first, after } = query as Record<string, unknown>
  const size = typeof first === 'string' && /^\d+$/.test(first) ? Number(first) : first
  return { ...(first !== undefined && { first: size }), ...(after !== undefined && { after }) }
}

const get = (path: string, document: RestRoute['document']): RestRoute => ({
  method: 'GET',
  url: `/api/auth/${path}`,
  document,
  variables: nothing,
  status: 200,
})
const post = (path: string, document: RestRoute['document'], status = 200): RestRoute => ({
  ...get(path, document),
  method: 'POST',
  variables: getOperationAST(document)?.variableDefinitions?.length ? body : nothing,
  status,
})

/** The REST routes: each names an operation, and the status of its success. */
export const REST_ROUTES: readonly RestRoute[] = [
  post('register', RegisterDocument, 201),
  { ...get('verify/:token', VerifyEmailDocument), variables: tokenInPath },
  post('verify-code', VerifyEmailByCodeDocument),
  post('verify-resend', ResendVerificationDocument, 202),

  post('login', LoginDocument),
  post('login-code-request', RequestLoginCodeDocument, 202),
  post('login-code', LoginWithCodeDocument),
  post('passkey-login-start', StartPasskeyLoginDocument),
  post('passkey-login', LoginWithPasskeyDocument),
  post('second-factor', VerifySecondFactorDocument),
  {
    ...post('refresh', RefreshSessionDocument),
    // A refresh token represents a session: without a valid one the client is unauthenticated.
    failures: { INVALID_TOKEN: 401, EXPIRED_TOKEN: 401 },
    credentials: ['none', 'refreshCookie'],
  },
  { ...post('logout', LogoutDocument), credentials: ['accessToken', 'refreshCookie'] },
  post('login-reject', RejectLoginDocument),
  post('step-up', StepUpDocument),

  get('me', MeDocument),
  post('profile', UpdateProfileDocument),
  get('sessions', SessionsDocument),
  post('session-revoke', RevokeSessionDocument),
  post('sessions-revoke-others', RevokeOtherSessionsDocument),
  { ...get('security-events', SecurityEventsDocument), variables: page },
  post('export', ExportAccountDocument),
  post('account-delete', DeleteAccountDocument),

  get('password-policy', PasswordPolicyDocument),
  post('password', ChangePasswordDocument),
  post('reset-request', RequestResetDocument, 202),
  post('reset-confirm', ConfirmResetDocument),

  post('email-change-request', RequestEmailChangeDocument, 202),
  post('email-change-confirm', ConfirmEmailChangeDocument),
  post('email-change-cancel', CancelEmailChangeDocument),
  post('email-change-undo', UndoEmailChangeDocument),

  get('ways-in', WaysInDocument),
  post('totp-start', EnrollTotpDocument),
  post('totp', ConfirmTotpDocument, 201),
  post('second-factor-remove', RemoveSecondFactorDocument),
  post('recovery-codes', RenewRecoveryCodesDocument, 201),
  post('passkey-start', StartPasskeyRegistrationDocument),
  post('passkey', RegisterPasskeyDocument, 201),
  post('passkey-rename', RenamePasskeyDocument),
  post('passkey-remove', RemovePasskeyDocument),
]
