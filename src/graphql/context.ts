import type { DevMailType } from './objects/devMail'
import { UnauthenticatedError } from '../errors/requestErrors'
import type { ClientInfo, Deps, Viewer } from '../services/deps'
import { viewerOf } from '../services/viewerOf'

/** Headers and cookie of the response, the same for GraphQL and REST. */
export interface ResponseMeta {
  /** Seconds, for the Retry-After header. */
  retryAfter: number | null
  /** The refresh token to put into the cookie; `clear` removes it. */
  refreshCookie: { token: string; expiresAt: Date } | 'clear' | null
}

/** The development inbox. */
export interface DevInbox {
  list(wanted: { to: string }): Promise<DevMailType[]>
}

export interface Context {
  deps: Deps
  client: ClientInfo
  inbox: DevInbox | null
  response: ResponseMeta
  /** The refresh token in the request's cookie; null if the request's origin may not use it. */
  cookieToken: string | null
  /** The origin of a page of another site, from which no browser sends the cookie; null for any other request. */
  crossSiteOrigin: string | null
  /** The signed-in client; null for a request without a token. Throws an UnauthenticatedError if the token is invalid. */
  viewer: () => Promise<Viewer | null>
  /** Like `viewer`, but throws an UnauthenticatedError without a token too. */
  requireViewer: () => Promise<Viewer>
}

interface RequestParts {
  deps: Deps
  client: ClientInfo
  inbox: DevInbox | null
  /** The Authorization header. */
  authorization: string | undefined
  cookieToken: string | null
  crossSiteOrigin: string | null
}

/** The context of one request. The viewer is looked up once, when it is first needed. */
export function createContext({ deps, client, inbox, authorization, ...ofBrowser }: RequestParts): Context {
  let viewer: Promise<Viewer | null> | undefined
  const context: Context = {
    deps,
    client,
    inbox,
    ...ofBrowser,
    response: { retryAfter: null, refreshCookie: null },
    viewer: () => (viewer ??= findViewer(deps, authorization)),
    requireViewer: async () => {
      const found = await context.viewer()
      if (!found) throw new UnauthenticatedError('no access token')
      return found
    },
  }
  return context
}

async function findViewer(deps: Deps, authorization: string | undefined): Promise<Viewer | null> {
  const token = bearerTokenOf(authorization)
  return token === null ? null : viewerOf(deps, token)
}

/** The token of an Authorization header (RFC 6750 §2.1); null without one. Throws UnauthenticatedError for any other header. */
export function bearerTokenOf(authorization: string | undefined): string | null {
  if (authorization === undefined) return null
  const token = /^Bearer +([\w.~+/-]+=*) *$/i.exec(authorization)?.[1]
  if (token === undefined) throw new UnauthenticatedError('no bearer token')
  return token
}
