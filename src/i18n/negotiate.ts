import { LOCALES, type Locale } from '../generated/locales'

const FALLBACK: Locale = 'en'

/** Characters and ranges of an Accept-Language that are read: browsers send a few dozen characters. */
const MAX_HEADER = 500
const MAX_RANGES = 20

/** The language that texts for `tag` are written in, by RFC 4647 §3.4 lookup: de-CH, then de, then English. */
export function resolveLocale(tag: string): Locale {
  return lookup(tag) ?? FALLBACK
}

/** The supported language that an Accept-Language header (RFC 9110 §12.5.4) prefers; English if it names none. */
export function negotiateLocale(acceptLanguage: string | undefined): Locale {
  if (!acceptLanguage) return FALLBACK
  const ranges = acceptLanguage.slice(0, MAX_HEADER).split(',', MAX_RANGES).map(weighted)
  const byWeight = ranges.filter(({ weight }) => weight > 0).sort((one, other) => other.weight - one.weight)
  for (const { range } of byWeight) {
    const locale = range === '*' ? FALLBACK : lookup(range)
    if (locale) return locale
  }
  return FALLBACK
}

/** A malformed weight counts as 0: the range is ignored. */
function weighted(item: string): { range: string; weight: number } {
  const [range = '', ...parameters] = item.split(';').map((part) => part.trim())
  const quality = parameters.find((parameter) => /^q=/i.test(parameter))
  if (quality === undefined) return { range, weight: 1 }
  return { range, weight: /^q=(?:0(?:\.\d{0,3})?|1(?:\.0{0,3})?)$/i.test(quality) ? Number(quality.slice(2)) : 0 }
}

function lookup(tag: string): Locale | undefined {
  for (let rest = tag.toLowerCase(); rest !== ''; rest = rest.slice(0, Math.max(rest.lastIndexOf('-'), 0))) {
    const found = LOCALES.find((locale) => locale === rest)
    if (found) return found
  }
  return undefined
}
