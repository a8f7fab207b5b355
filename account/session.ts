type Status = 'unknown' | 'signedOut' | 'signedIn'
const listeners = new Set<() => void>()
const tabs = new BroadcastChannel('gatehouse-session')

/** The session of this tab. The access token is in memory alone; the refresh token is in a cookie that no script can read. */
export const session = {
  status: 'unknown' as Status,
  accessToken: '',
  /** Milliseconds, by this device's clock. */
  expiresAt: 0,
  /** Takes the tokens out of an operation's success, where it has some. */
  take(reply: Record<string, unknown>): void {
    const tokens = reply.tokens as { accessToken: string; accessTokenExpiresAt: string } | undefined
    if (!tokens) return
    session.accessToken = tokens.accessToken
    session.expiresAt = Date.parse(tokens.accessTokenExpiresAt)
    change('signedIn')
  },
  /** The server has ended the session, or its user has signed out. */
  end(): void {
    session.accessToken = ''
    change('signedOut')
  },
  /** Ends it in the other tabs too, which share the cookie. */
  endEverywhere(): void {
    tabs.postMessage('signedOut')
    session.end()
  },
  subscribe(listener: () => void): () => void {
    listeners.add(listener)
    return () => listeners.delete(listener)
  },
}

tabs.onmessage = () => session.end()

function change(status: Status): void {
  if (session.status === status) return
  session.status = status
  for (const listener of listeners) listener()
}
