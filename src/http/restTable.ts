import type { TypedDocumentNode } from '@graphql-typed-document-node/core'
import type { FastifyRequest } from 'fastify'
import type { UserErrorCode } from '../errors/catalogue'
import {
  ConfirmResetDocument,
  ExportAccountDocument,
  LoginDocument,
  LoginWithCodeDocument,
  LoginWithPasskeyDocument,
  LogoutDocument,
  MeDocument,
  RefreshSessionDocument,
  RegisterDocument,
  RegisterPasskeyDocument,
  RequestLoginCodeDocument,
  RequestResetDocument,
  ResendVerificationDocument,
  StartPasskeyLoginDocument,
  StartPasskeyRegistrationDocument,
  StepUpDocument,
  VerifyEmailByCodeDocument,
  VerifyEmailDocument,
  VerifySecondFactorDocument,
} from '../graphql/operations/documents.generated'

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
}

const nothing = () => ({})
const body = (request: FastifyRequest) => ({ input: request.body ?? {} })
const tokenInPath = (request: FastifyRequest) => ({ input: request.params })

/** The REST routes: each names an operation, and the status of its success. */
export const REST_ROUTES: readonly RestRoute[] = [
  { method: 'POST', url: '/api/auth/register', document: RegisterDocument, variables: body, status: 201 },
  { method: 'GET', url: '/api/auth/verify/:token', document: VerifyEmailDocument, variables: tokenInPath, status: 200 },
  { method: 'POST', url: '/api/auth/verify-code', document: VerifyEmailByCodeDocument, variables: body, status: 200 },
  {
    method: 'POST',
    url: '/api/auth/verify-resend',
    document: ResendVerificationDocument,
    variables: body,
    status: 202,
  },
  { method: 'POST', url: '/api/auth/login', document: LoginDocument, variables: body, status: 200 },
  {
    method: 'POST',
    url: '/api/auth/login-code-request',
    document: RequestLoginCodeDocument,
    variables: body,
    status: 202,
  },
  { method: 'POST', url: '/api/auth/login-code', document: LoginWithCodeDocument, variables: body, status: 200 },
  {
    method: 'POST',
    url: '/api/auth/second-factor',
    document: VerifySecondFactorDocument,
    variables: body,
    status: 200,
  },
  {
    method: 'POST',
    url: '/api/auth/passkey-login-start',
    document: StartPasskeyLoginDocument,
    variables: nothing,
    status: 200,
  },
  { method: 'POST', url: '/api/auth/passkey-login', document: LoginWithPasskeyDocument, variables: body, status: 200 },
  {
    method: 'POST',
    url: '/api/auth/passkey-start',
    document: StartPasskeyRegistrationDocument,
    variables: nothing,
    status: 200,
  },
  { method: 'POST', url: '/api/auth/passkey', document: RegisterPasskeyDocument, variables: body, status: 201 },
  { method: 'POST', url: '/api/auth/step-up', document: StepUpDocument, variables: body, status: 200 },
  {
    method: 'POST',
    url: '/api/auth/refresh',
    document: RefreshSessionDocument,
    variables: body,
    status: 200,
    // A refresh token represents a session: without a valid one the client is unauthenticated.
    failures: { INVALID_TOKEN: 401, EXPIRED_TOKEN: 401 },
  },
  { method: 'POST', url: '/api/auth/logout', document: LogoutDocument, variables: nothing, status: 200 },
  { method: 'GET', url: '/api/auth/me', document: MeDocument, variables: nothing, status: 200 },
  { method: 'POST', url: '/api/auth/export', document: ExportAccountDocument, variables: nothing, status: 200 },
  { method: 'POST', url: '/api/auth/reset-request', document: RequestResetDocument, variables: body, status: 202 },
  { method: 'POST', url: '/api/auth/reset-confirm', document: ConfirmResetDocument, variables: body, status: 200 },
]
