import { CATALOGUES, type Catalogue, type Locale } from '../generated/locales'

/** All texts of one language. Those with {placeholders} go through `fill`. */
export function text(locale: Locale): Catalogue {
  return CATALOGUES[locale]
}

/** Puts values into the {placeholders} of a text, in one pass: a value that looks like a placeholder stays as it is. */
export function fill(template: string, values: Readonly<Record<string, string | number>>): string {
  return template.replace(/\{(\w+)\}/g, (placeholder, name: string) => String(values[name] ?? placeholder))
}
