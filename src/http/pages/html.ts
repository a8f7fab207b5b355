import { escapeHtml } from '../../lib/escapeHtml'

/** Markup that is safe to send: made by `html` alone. */
export class Html {
  constructor(readonly markup: string) {}
}

type Part = Html | string | number | readonly Html[]

/** A template whose values are escaped, for text and for quoted attributes alike; nested `html` is not escaped again. */
export function html(strings: TemplateStringsArray, ...values: Part[]): Html {
  return new Html(strings.reduce((markup, string, at) => markup + toMarkup(values[at - 1] ?? '') + string))
}

/** Replaces each `{name}` of a text by markup: `The address {email} is yours.` with `<b>…</b>` for the address. */
export function fillHtml(text: string, parts: Record<string, Html | string | number>): Html {
  const pieces = text.split(/\{(\w+)\}/)
  return new Html(pieces.map((piece, at) => toMarkup(at % 2 === 0 ? piece : (parts[piece] ?? `{${piece}}`))).join(''))
}

function toMarkup(value: Part): string {
  if (value instanceof Html) return value.markup
  if (typeof value === 'object') return value.map(toMarkup).join('')
  return escapeHtml(String(value))
}
