import { GraphQLScalarType } from 'graphql'

/** For output only: no input of the schema has a time. */
export const DateTimeScalar = new GraphQLScalarType<Date, string>({
  name: 'DateTime',
  description: 'RFC 3339, UTC, e.g. 2026-11-22T10:15:30.123Z.',
  serialize(value) {
    if (!(value instanceof Date)) throw new TypeError('DateTime serializes a Date')
    return value.toISOString()
  },
})
