import type { ComponentChildren } from 'preact'
import { lang, t } from './page'

/** A part of the account page that opens, with its present state in its summary. */
export function Panel({ title, state, children }: { title: string; state?: string; children: ComponentChildren }) {
  return (
    <details class="panel">
      <summary>
        <h2>{title}</h2>
        {state && <span>{state}</span>}
      </summary>
      {children}
    </details>
  )
}

/** A date and time in the language of the page and the zone of the reader. */
export const when = (iso: string) => new Date(iso).toLocaleString(lang, { dateStyle: 'medium', timeStyle: 'short' })

export const used = (at: string | null) => (at === null ? t.neverUsed : when(at))
