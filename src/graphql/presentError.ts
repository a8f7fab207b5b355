import { GraphQLError, type GraphQLFormattedError } from 'graphql'
import { sanitizeMessage } from './sanitizeMessage'
import { type PublicError, toPublicError } from '../errors/publicError'
import { RateLimitedError } from '../errors/userErrors'
import type { Locale } from '../i18n/locale'
import { text } from '../i18n/text'
import { describeUserError } from '../i18n/userErrors'

/** Apollo's codes that are replaced by one of ours. */
const APOLLO_CODES: Record<string, string> = {
  OPERATION_RESOLUTION_FAILURE: 'BAD_USER_INPUT',
  PERSISTED_QUERY_NOT_FOUND: 'PERSISTED_QUERY_NOT_SUPPORTED',
}

interface Presentation {
  locale: Locale
  /** Null for a protocol error, which occurs before the request has an id. */
  requestId: string | null
  /** Whether messages may name parts of the schema: only if introspection is on. */
  detailed: boolean
}

/** The public form of an error that GraphQL wrapped. */
export function classify(error: GraphQLError): PublicError {
  const { code, limit } = error.extensions
  const known = typeof code === 'string' ? (APOLLO_CODES[code] ?? code) : code
  return toPublicError(
    error.originalError ?? error,
    limit === true ? 'QUERY_TOO_COMPLEX' : known,
    sanitizeMessage(error),
  )
}

/** An error as the client sees it: its code, a message and its place in the client's document, without internals. */
export function presentError(
  error: GraphQLError,
  { locale, requestId, detailed }: Presentation,
): GraphQLFormattedError {
  if (error.originalError instanceof RateLimitedError) return presentRateLimit(error, error.originalError, locale)
  const { code, message } = classify(error)
  const namesSchema = code === 'GRAPHQL_VALIDATION_FAILED' || code === 'BAD_USER_INPUT'
  const shown = message === null || (namesSchema && !detailed) ? text(locale).errors[code] : message
  return {
    message: shown,
    ...(error.locations ? { locations: error.locations } : {}),
    ...(error.path ? { path: error.path } : {}),
    extensions: { code, ...(code === 'INTERNAL_SERVER_ERROR' && requestId !== null ? { requestId } : {}) },
  }
}

/** A spent budget of a field whose result is not a union. */
function presentRateLimit({ path }: GraphQLError, limited: RateLimitedError, locale: Locale): GraphQLFormattedError {
  const { code, message } = describeUserError(limited, locale)
  return { message, ...(path ? { path } : {}), extensions: { code, retryAfter: limited.retryAfter } }
}

/** Wraps an error that occurs before GraphQL runs, as for a batch or a missing query. */
export function asGraphQLError(error: unknown, formatted: GraphQLFormattedError): GraphQLError {
  if (error instanceof GraphQLError) return error
  const options = {
    extensions: { ...formatted.extensions },
    ...(error instanceof Error ? { originalError: error } : {}),
  }
  return new GraphQLError(formatted.message, options)
}
