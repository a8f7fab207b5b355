import { go } from './route'

const KEY = 'gatehouse-login-code'

interface Waiting {
  email: string
  challenge: string
  /** Milliseconds since 1970, by this device's clock. */
  until: number
}

/** Remembers that this browser asked for a code, so that the link in the mail can finish the sign-in in another tab. */
export function rememberCode({ email, challenge, expiresAt }: { email: string; challenge: string; expiresAt: string }) {
  const waiting: Waiting = { email, challenge, until: Date.parse(expiresAt) }
  localStorage.setItem(KEY, JSON.stringify(waiting))
}

export const forgetCode = () => localStorage.removeItem(KEY)

/** Where the page was opened by the link of a mailed code: shows the code, filled in, to be confirmed by one click. */
export function openCodeLink(): void {
  const code = /^#code=(\d{8})$/.exec(location.hash)?.[1]
  if (code === undefined) return
  const waiting = JSON.parse(localStorage.getItem(KEY) ?? 'null') as Waiting | null
  if (waiting === null || waiting.until < Date.now()) go('code', {}, { replace: true })
  else go('code', { email: waiting.email, challenge: waiting.challenge, code }, { replace: true })
}
