import { type ParseArgsConfig, parseArgs } from 'node:util'

/** The options and the one optional word of a command; null if there is anything else. */
export function optionsOf<const Options extends NonNullable<ParseArgsConfig['options']>>(
  args: string[],
  options: Options,
) {
  try {
    const { values, positionals } = parseArgs({ args, options, allowPositionals: true, strict: true })
    return positionals.length > 1 ? null : { values, word: positionals[0] }
  } catch {
    return null
  }
}

/** A whole number from 1 to `most`, or the default if none is given; null for anything else. */
export function countOf(text: string | undefined, { most, otherwise }: { most: number; otherwise: number }) {
  if (text === undefined) return otherwise
  const count = /^\d{1,6}$/.test(text) ? Number(text) : 0
  return count >= 1 && count <= most ? count : null
}
