import type { GraphQLError } from 'graphql'

const VARIABLE = /^Variable "\$(\w+)" got invalid value /
/** How GraphQL's messages begin to quote the client's text: in syntax errors, and for values. */
const QUOTED_TOKEN = /(?:Block)?String ".*/s
const QUOTED_VALUE = /(?: value: |, found |^Value ").*/s

/**
 * GraphQL's own message about a client's document, without values, any of which may be a password, and without suggestions,
 * which name the schema. Removes everything from the first quotation on, so that no value can influence what is removed,
 * and a long one is read only once.
 */
export function sanitizeMessage({ message, originalError }: GraphQLError): string {
  const variable = VARIABLE.exec(message)?.[1]
  if (variable === undefined || !originalError) return withoutQuotation(message)
  const quotation = message.slice(0, -`; ${originalError.message}`.length)
  const path = / at "(\w[\w.[\]]*)"$/.exec(quotation.slice(-200))?.[1]
  return `Variable "$${path ?? variable}" got an invalid value; ${withoutQuotation(originalError.message)}`
}

function withoutQuotation(message: string): string {
  const quoted = message.startsWith('Syntax Error') ? QUOTED_TOKEN : QUOTED_VALUE
  const [words = ''] = message.replace(quoted, ' the given value').trimStart().split(' Did you mean ', 1)
  return words
}
