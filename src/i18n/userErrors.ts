import type { FieldErrorCode, UserErrorCode } from '../errors/catalogue'
import {
  type FieldProblem,
  ForbiddenScopeError,
  InvalidInputError,
  OverloadedError,
  PasskeyRefusedError,
  RateLimitedError,
  SecondFactorRequiredError,
  StepUpRequiredError,
  type UserError,
  WeakPasswordError,
  WrongCodeError,
  WrongMailedCodeError,
} from '../errors/userErrors'
import type { Locale } from './locale'
import { fill, text } from './text'
import { durationText } from './time'

interface Described {
  code: UserErrorCode
  message: string
}

export interface DescribedField {
  field: string
  code: FieldErrorCode
  message: string
}

export type DescribedUserError =
  | Described
  | (Described & { fields: DescribedField[] })
  | (Described & { score: number; suggestions: string[] })
  | (Described & { retryAfter: number })
  | (Described & { challenge: string; methods: readonly string[]; expiresAt: Date; passkeyOptions: object | null })
  | (Described & { unknownCredentialId: string | null })
  | (Described & { methods: readonly string[]; maxAge: number })
  | (Described & { scope: string | null })

/** An expected failure as clients see it: its code, its message in `locale`, and the further fields of its type. */
export function describeUserError(error: UserError, locale: Locale): DescribedUserError {
  const { code } = error
  const message = text(locale).errors[code]
  if (error instanceof InvalidInputError) {
    return { code, message, fields: error.fields.map((problem) => describeField(problem, locale)) }
  }
  if (error instanceof WeakPasswordError) {
    return { code, message, score: error.score, suggestions: adviceTexts(error.suggestions, locale) }
  }
  if (error instanceof RateLimitedError || error instanceof OverloadedError) {
    const { retryAfter } = error
    return { code, message: fill(message, { duration: durationText(locale, waitingTime(retryAfter)) }), retryAfter }
  }
  if (error instanceof SecondFactorRequiredError) {
    const { challenge, methods, expiresAt, passkeyOptions } = error
    return { code, message, challenge, methods, expiresAt, passkeyOptions }
  }
  if (error instanceof StepUpRequiredError) {
    const { methods, maxAge } = error
    return { code, message, methods, maxAge }
  }
  if (error instanceof ForbiddenScopeError) return { code, message, scope: error.scope }
  if (error instanceof PasskeyRefusedError) {
    const { unknownCredentialId } = error
    return { code, message: text(locale).wrongPasskey, unknownCredentialId }
  }
  if (error instanceof WrongMailedCodeError) return { code, message: text(locale).wrongMailedCode }
  if (error instanceof WrongCodeError) return { code, message: text(locale).wrongCode }
  return { code, message }
}

function describeField({ field, code, limit }: FieldProblem, locale: Locale): DescribedField {
  const { fieldErrors, fieldErrorsByField } = text(locale)
  const ofField: Partial<Record<FieldErrorCode, string>> | undefined = Object.hasOwn(fieldErrorsByField, field)
    ? fieldErrorsByField[field as keyof typeof fieldErrorsByField]
    : undefined
  const message = ofField?.[code] ?? fieldErrors[code]
  return { field, code, message: limit === undefined ? message : fill(message, { limit }) }
}

/** Advice in words, each once: some keys share a wording. A key without one is left out. */
function adviceTexts(keys: readonly string[], locale: Locale): string[] {
  const { passwordAdvice } = text(locale)
  const known = keys.filter((key): key is keyof typeof passwordAdvice => Object.hasOwn(passwordAdvice, key))
  return [...new Set(known.map((key) => passwordAdvice[key]))]
}

/** `seconds` in milliseconds, rounded up to whole minutes beyond two minutes, so that the message stays short. */
function waitingTime(seconds: number): number {
  return (seconds > 120 ? Math.ceil(seconds / 60) * 60 : seconds) * 1000
}
