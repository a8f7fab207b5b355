import type { Catalogue } from '../src/generated/locales'

/** What the server wrote into the page: its texts in one language, and what this server offers. */
export interface PageData {
  texts: Catalogue['pages']['account'] & {
    email: string
    working: string
    offline: string
    failed: string
    rule: string
    sentTitle: string
    support: string
    resetSent: string
  }
  appName: string
  /** Where the app is; null where the server does not know. */
  appUrl: string | null
  /** Where a person finds help; null: nowhere. */
  supportUrl: string | null
  loginCode: boolean
  /** The domain that passkeys are bound to. */
  rpId: string
  /** Each with its name in itself. */
  languages: { tag: string; name: string }[]
}

const main = document.querySelector<HTMLElement>('main[data-page]')
if (main === null) throw new Error('The page has no data')
export const root: HTMLElement = main
// The server that serves this script wrote the page as well.
export const page = JSON.parse(main.dataset.page ?? '{}') as PageData
export const t = page.texts
export const { lang } = document.documentElement

/** Puts values into the {placeholders} of a text. */
export function fill(text: string, values: Record<string, string | number>): string {
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole))
}
