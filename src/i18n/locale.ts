import type { Locale } from '../generated/locales'

export type { Locale }

/** Characters: RFC 5646 §4.4.1 asks for at least 35. */
const MAX_TAG = 35
const RIGHT_TO_LEFT: ReadonlySet<Locale> = new Set<Locale>(['ar'])

/** The canonical form of a BCP 47 tag, as in `pt-br` or `pt_BR` to `pt-BR`; null if it is not well-formed. */
export function localeTag(text: string): string | null {
  if (text.length > MAX_TAG) return null
  try {
    const [tag = ''] = Intl.getCanonicalLocales(text.replaceAll('_', '-'))
    return tag.length > MAX_TAG ? null : tag // an outdated tag may be replaced by a longer one
  } catch {
    return null // a RangeError: not well-formed
  }
}

/** The value of HTML's `dir`. */
export function direction(locale: Locale): 'ltr' | 'rtl' {
  return RIGHT_TO_LEFT.has(locale) ? 'rtl' : 'ltr'
}
