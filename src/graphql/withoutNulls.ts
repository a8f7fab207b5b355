/** The fields of an input that have a value: GraphQL lets a client omit an optional field or set it to null. */
export function withoutNulls<T extends object>(input: T): { [Name in keyof T]?: NonNullable<T[Name]> } {
  return Object.fromEntries(Object.entries(input).filter(([, value]) => value !== null && value !== undefined)) as {
    [Name in keyof T]?: NonNullable<T[Name]>
  }
}
