/** Markup that is safe to send: made by `html` alone. */
export class Html {
  constructor(readonly markup: string) {}
}

type Part = Html | string | number | readonly Html[]

const ENTITIES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }

/** A template whose values are escaped, for text and for quoted attributes alike; nested `html` stands as it is. */
export function html(strings: TemplateStringsArray, ...values: Part[]): Html {
  return new Html(strings.reduce((markup, string, at) => markup + written(values[at - 1] ?? '') + string))
}

/** Puts markup in the place of each `{name}` of a text: `The address {email} is yours.` with `<b>…</b>` for the address. */
export function fillHtml(text: string, parts: Record<string, Html | string | number>): Html {
  const pieces = text.split(/\{(\w+)\}/)
  return new Html(pieces.map((piece, at) => written(at % 2 === 0 ? piece : (parts[piece] ?? `{${piece}}`))).join(''))
}

function written(value: Part): string {
  if (value instanceof Html) return value.markup
  if (typeof value === 'object') return value.map(written).join('')
  return String(value).replace(/[&<>"']/g, (character) => ENTITIES[character] ?? '')
}
