/** Where an error was thrown, without its message, which may quote what must not be logged. */
export function framesOf(error: unknown): string[] {
  const { stack } = Object(error) as { stack?: unknown }
  if (typeof stack !== 'string') return []
  return stack.split('\n').filter((line) => line.trimStart().startsWith('at '))
}
