import { GraphQLError, type GraphQLFormattedError } from 'graphql'
import { clientWords } from './clientWords'
import { type LeavingError, leavingError } from '../errors/leaving'
import { RateLimitedError } from '../errors/userErrors'
import type { Locale } from '../i18n/locale'
import { text } from '../i18n/text'
import { describeUserError } from '../i18n/userErrors'

/** What Apollo calls things that need no code of their own here. */
const APOLLO_CODES: Record<string, string> = {
  OPERATION_RESOLUTION_FAILURE: 'BAD_USER_INPUT',
  PERSISTED_QUERY_NOT_FOUND: 'PERSISTED_QUERY_NOT_SUPPORTED',
}

interface Presentation {
  locale: Locale
  /** Null before the request has one of its own: an error of the protocol. */
  requestId: string | null
  /** Whether what the schema holds may be told: as long as it can be asked for. */
  detailed: boolean
}

/** The decision about an error that GraphQL wrapped. */
export function judge(error: GraphQLError): LeavingError {
  const { code, limit } = error.extensions
  const known = typeof code === 'string' ? (APOLLO_CODES[code] ?? code) : code
  return leavingError(error.originalError ?? error, limit === true ? 'QUERY_TOO_COMPLEX' : known, clientWords(error))
}

/** An error as the client sees it: a code, words, where in its own document, and nothing of the inside. */
export function presentError(
  error: GraphQLError,
  { locale, requestId, detailed }: Presentation,
): GraphQLFormattedError {
  if (error.originalError instanceof RateLimitedError) return presentRefusal(error, error.originalError, locale)
  const { code, message } = judge(error)
  const schemaTold = code === 'GRAPHQL_VALIDATION_FAILED' || code === 'BAD_USER_INPUT'
  const words = message === null || (schemaTold && !detailed) ? text(locale).errors[code] : message
  return {
    message: words,
    ...(error.locations ? { locations: error.locations } : {}),
    ...(error.path ? { path: error.path } : {}),
    extensions: { code, ...(code === 'INTERNAL_SERVER_ERROR' && requestId !== null ? { requestId } : {}) },
  }
}

/** A spent budget of a field whose result is no union. */
function presentRefusal({ path }: GraphQLError, refusal: RateLimitedError, locale: Locale): GraphQLFormattedError {
  const { code, message } = describeUserError(refusal, locale)
  return { message, ...(path ? { path } : {}), extensions: { code, retryAfter: refusal.retryAfter } }
}

/** An error that came before there was a GraphQL one, as in a batch or a missing query. */
export function asGraphQLError(error: unknown, formatted: GraphQLFormattedError): GraphQLError {
  if (error instanceof GraphQLError) return error
  const options = {
    extensions: { ...formatted.extensions },
    ...(error instanceof Error ? { originalError: error } : {}),
  }
  return new GraphQLError(formatted.message, options)
}
