import type { FieldErrorCode, UserErrorCode } from './catalogue'

/**
 * An expected failure: services throw it, GraphQL and REST return it as data. It carries no message: i18n writes that in the
 * client's language, so that a code has one wording.
 */
export abstract class UserError extends Error {
  abstract readonly code: UserErrorCode
}

/** One wrong field of an input. `limit` is the number in its message, if there is one. */
export interface FieldProblem {
  field: string
  code: FieldErrorCode
  limit?: number
}

export class InvalidInputError extends UserError {
  readonly code = 'INVALID_INPUT'
  constructor(readonly fields: readonly FieldProblem[]) {
    super()
  }
}

/** `suggestions` are keys of the catalogue's `passwordAdvice`. `score` runs from 0 to 4. */
export class WeakPasswordError extends UserError {
  readonly code = 'WEAK_PASSWORD'
  constructor(
    readonly score: number,
    readonly suggestions: readonly string[],
  ) {
    super()
  }
}

export class InvalidCredentialsError extends UserError {
  readonly code = 'INVALID_CREDENTIALS'
}

/**
 * A response of a passkey that was refused, whatever the reason. `unknownCredentialId` (base64url): no account has it, so the
 * page can tell the password manager to offer it no more; the client knows it already.
 */
export class PasskeyRefusedError extends InvalidCredentialsError {
  constructor(readonly unknownCredentialId: string | null = null) {
    super()
  }
}

/** A wrong, used or expired code of an app, or a wrong or used recovery code; the error does not disclose which. */
export class WrongCodeError extends InvalidCredentialsError {}

/** A mailed code that is wrong, or whose account cannot log in; the error does not disclose which. */
export class WrongMailedCodeError extends InvalidCredentialsError {}

/** Thrown only if the password is right. */
export class EmailNotVerifiedError extends UserError {
  readonly code = 'EMAIL_NOT_VERIFIED'
}

/** What proves a second factor, the strongest first wherever several are listed. */
export type SecondFactorKind = 'PASSKEY' | 'TOTP' | 'RECOVERY_CODE'

/** Thrown only if the password is right. `challenge` is the token for `verifySecondFactor`. */
export class SecondFactorRequiredError extends UserError {
  readonly code = 'SECOND_FACTOR_REQUIRED'
  readonly challenge: string
  readonly methods: readonly SecondFactorKind[]
  readonly expiresAt: Date
  /** For a passkey: what `navigator.credentials.get` takes. */
  readonly passkeyOptions: Record<string, unknown> | null

  constructor(pending: Pick<SecondFactorRequiredError, 'challenge' | 'methods' | 'expiresAt' | 'passkeyOptions'>) {
    super()
    this.challenge = pending.challenge
    this.methods = pending.methods
    this.expiresAt = pending.expiresAt
    this.passkeyOptions = pending.passkeyOptions
  }
}

export type StepUpMethod = 'PASSWORD' | SecondFactorKind

/** `maxAge` in seconds. */
export class StepUpRequiredError extends UserError {
  readonly code = 'STEP_UP_REQUIRED'
  constructor(
    readonly methods: readonly StepUpMethod[],
    readonly maxAge: number,
  ) {
    super()
  }
}

export class InvalidTokenError extends UserError {
  readonly code = 'INVALID_TOKEN'
}

export class ExpiredTokenError extends UserError {
  readonly code = 'EXPIRED_TOKEN'
}

/** The removal would leave an account that nobody can log in to. */
export class LastWayInError extends UserError {
  readonly code = 'LAST_WAY_IN'
}

export class NotFoundError extends UserError {
  readonly code = 'NOT_FOUND'
}

/** An operator names an address that has an account. */
export class AlreadyExistsError extends UserError {
  readonly code = 'ALREADY_EXISTS'
}

/** The service key lacks the scope; null: no key may do it. */
export class ForbiddenScopeError extends UserError {
  readonly code = 'FORBIDDEN_SCOPE'
  constructor(readonly scope: string | null) {
    super()
  }
}

/** `retryAfter` in whole seconds, at least 1. */
export class RateLimitedError extends UserError {
  readonly code = 'RATE_LIMITED'
  constructor(readonly retryAfter: number) {
    super()
  }
}

/** `retryAfter` in whole seconds, at least 1. Nothing was done. */
export class OverloadedError extends UserError {
  readonly code = 'OVERLOADED'
  constructor(readonly retryAfter: number) {
    super()
  }
}
