/** The fields of an input that have a value: GraphQL lets a client omit an optional field or set it to null. */
export function withoutNulls<T extends object>(
  input: T | null | undefined,
): { [Name in keyof T]?: NonNullable<T[Name]> } {
  const given = Object.entries(input ?? {}).filter(([, value]) => value !== null && value !== undefined)
  return Object.fromEntries(given) as { [Name in keyof T]?: NonNullable<T[Name]> }
}
