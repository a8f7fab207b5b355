import { useEffect, useState } from 'preact/hooks'
import type { CredentialJson } from './api'

/** What a step needs of the one before. It is kept in the history entry, so that it survives a reload and a trip to the mail app. */
export interface Held {
  email?: string | undefined
  challenge?: string | undefined
  methods?: string[] | undefined
  /** The one of `methods` that was chosen. */
  method?: string
  passkeyOptions?: CredentialJson | null | undefined
  /** Of a mailed link. */
  code?: string
  notice?: string | undefined
}

const BASE = '/account'
const changed = new EventTarget()

const current = () => ({
  name: location.pathname.slice(BASE.length).replaceAll('/', ''),
  held: (history.state ?? {}) as Held,
})

/** Shows another view. `replace` leaves no entry to come back to, as after a step that cannot be repeated. */
export function go(name: string, held: Held = {}, { replace = false } = {}): void {
  const url = name === '' ? BASE : `${BASE}/${name}`
  if (replace) history.replaceState(held, '', url)
  else history.pushState(held, '', url)
  changed.dispatchEvent(new Event('change'))
}

export function useRoute() {
  const [route, setRoute] = useState(current)
  useEffect(() => {
    const update = () => setRoute(current())
    window.addEventListener('popstate', update)
    changed.addEventListener('change', update)
    return () => {
      window.removeEventListener('popstate', update)
      changed.removeEventListener('change', update)
    }
  }, [])
  return route
}
