import type { DevMailType } from './types/account'
import { UnauthenticatedError } from '../errors/requestErrors'
import type { Client, Deps, Viewer } from '../services/deps'
import { viewerOf } from '../services/viewer'

/** What the answer carries beside its data; each door writes it in its own way. */
export interface Answer {
  /** Seconds, for the Retry-After header. */
  retryAfter: number | null
  /** The refresh token to put into the cookie; an empty string clears it. */
  refreshCookie: { token: string; expiresAt: Date } | 'clear' | null
}

/** Where the development inbox is read; null where mails leave by SMTP. */
export interface Inbox {
  list(to?: string): Promise<DevMailType[]>
}

export interface Context {
  deps: Deps
  client: Client
  inbox: Inbox | null
  answer: Answer
  /** The refresh token in the request's cookie, where the browser may use it from this origin. */
  cookieToken: string | null
  /** The signed-in client; null for a request without a token. Throws an UnauthenticatedError for a token that is no good. */
  viewer: () => Promise<Viewer | null>
  /** The same, where one is demanded: throws an UnauthenticatedError without a token too. */
  demandViewer: () => Promise<Viewer>
}

interface RequestParts {
  deps: Deps
  client: Client
  inbox: Inbox | null
  /** The Authorization header. */
  authorization: string | undefined
  cookieToken: string | null
}

/** The context of one request. The viewer is looked up when a field asks, and once. */
export function createContext({ deps, client, inbox, authorization, cookieToken }: RequestParts): Context {
  let viewer: Promise<Viewer | null> | undefined
  const context: Context = {
    deps,
    client,
    inbox,
    cookieToken,
    answer: { retryAfter: null, refreshCookie: null },
    viewer: () => (viewer ??= findViewer(deps, authorization)),
    demandViewer: async () => {
      const found = await context.viewer()
      if (!found) throw new UnauthenticatedError('no access token')
      return found
    },
  }
  return context
}

async function findViewer(deps: Deps, authorization: string | undefined): Promise<Viewer | null> {
  if (authorization === undefined) return null
  const token = /^Bearer +([\w.~+/-]+=*) *$/i.exec(authorization)?.[1] // RFC 6750 §2.1
  if (token === undefined) throw new UnauthenticatedError('no bearer token')
  return viewerOf(deps, token)
}
