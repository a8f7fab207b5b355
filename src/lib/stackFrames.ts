/** The stack of an error without its message, which may quote a secret. */
export function stackFrames(error: unknown): string[] {
  const { stack } = Object(error) as { stack?: unknown }
  if (typeof stack !== 'string') return []
  return stack.split('\n').filter((line) => line.trimStart().startsWith('at '))
}
