import { randomUUID } from 'node:crypto'
import jwt from 'jsonwebtoken'
import { LRUCache } from 'lru-cache'
import { z } from 'zod'
import type { Keyring } from './keyring'
import { type TokenClaims, grantedClaims } from './tokenClaims'
import { ACCESS_TOKEN } from '../config/defaults'
import { UnauthenticatedError } from '../errors/requestErrors'
import type { Grants } from '../lib/grants'

const ALGORITHM = 'ES256' as const
/** RFC 9068: distinguishes an access token from any other JWT. */
const TYPE = 'at+jwt'

/** These three only: `crit`, `jku`, `x5u`, `jwk` and `x5c` would make a token name what it is verified by (RFC 8725 §3.10). */
const header = z.strictObject({ alg: z.literal(ALGORITHM), typ: z.literal(TYPE), kid: z.string().max(64) })

const seconds = z.number().int().nonnegative()
/**
 * Claims that are not listed are ignored (RFC 7519 §4), unlike header parameters: a later release may add some, and its
 * tokens must hold on instances of this one while an upgrade is under way.
 */
const claims = z.object({
  iss: z.string(),
  aud: z.union([z.string(), z.array(z.string())]),
  sub: z.uuid(),
  sid: z.uuid(),
  jti: z.uuid(),
  iat: seconds,
  exp: seconds,
  nbf: seconds.optional(),
  // Of what nothing here depends on, a form that a later release may give it is no reason to refuse a token.
  client_id: z.string().optional().catch(undefined),
  roles: z.array(z.string()).optional().catch(undefined),
})
export type AccessClaims = z.infer<typeof claims>

export interface TokenSubject {
  userId: string
  sessionId: string
  sessionExpiresAt: Date
  /**
   * How the session was authenticated, where that was with two factors; left out otherwise, since the release before this one
   * refuses tokens with claims that it does not know, and its instances may still run beside.
   */
  twoFactor?: { amr: readonly string[]; authenticatedAt: Date }
  /** What operators say of the user. Where there is nothing to say, the token has no claim of it. */
  grants?: Grants
}

export interface AccessTokens {
  /**
   * Signs a token for a session: ids, times and what operators granted, since anyone who holds it can read it. It expires with the session at
   * the latest, so that services which verify the signature alone refuse it then.
   */
  issue(subject: TokenSubject, now: Date): { accessToken: string; accessTokenExpiresAt: Date }
  /** The claims of one of our tokens. Throws an UnauthenticatedError whose message, for the log only, says what is wrong. */
  verify(token: string, now: Date): AccessClaims
}

/** The claims of a token whose signature was verified, and the key that verified it. */
interface Verified {
  claims: AccessClaims
  kid: string
}

interface AccessTokenOptions {
  keyring: Keyring
  /** Issuer and first audience: the public origin. */
  origin: string
  /** Milliseconds; a token with a longer lifetime is rejected. */
  ttl: number
  /** Which further claims are issued. */
  tokenClaims: TokenClaims
}

/** Only ES256 (RFC 8725 §3.1); the key comes from the keyring by `kid`, never from the token. */
export function createAccessTokens(options: AccessTokenOptions): AccessTokens {
  const { keyring, origin, tokenClaims } = options
  const { audience, clientId } = tokenClaims
  const verified = new LRUCache<string, Verified>({ max: ACCESS_TOKEN.cacheSize })
  const maxLife = Math.ceil(options.ttl / 1000)

  return {
    issue({ userId, sessionId, sessionExpiresAt, twoFactor, grants }, now) {
      const { kid, privateKey } = keyring.signingKey(now)
      const iat = secondsOf(now)
      const payload = {
        iss: origin,
        // This server stays an audience of every token: it verifies them as well.
        aud: audience.length === 0 ? origin : [origin, ...audience],
        sub: userId,
        sid: sessionId,
        jti: randomUUID(),
        iat,
        exp: Math.min(iat + maxLife, secondsOf(sessionExpiresAt)),
        // RFC 9068 §2.2.1 takes these three from OpenID Connect.
        ...(twoFactor && { acr: 'aal2', amr: twoFactor.amr, auth_time: secondsOf(twoFactor.authenticatedAt) }),
        ...(clientId !== null && { client_id: clientId }), // RFC 9068 §2.2
        ...(grants && grantedClaims(tokenClaims, userId, grants)),
      }
      const header = { alg: ALGORITHM, typ: TYPE, kid }
      const accessToken = jwt.sign(payload, privateKey, { algorithm: ALGORITHM, header })
      return { accessToken, accessTokenExpiresAt: new Date(payload.exp * 1000) }
    },

    verify(token, now) {
      if (token.length > ACCESS_TOKEN.maxLength) throw new UnauthenticatedError('access token too long')
      const known = verified.get(token)
      // A cached verification counts only while its key verifies: a retired key invalidates its tokens.
      const good = known && keyring.verificationKey(known.kid, now) ? known : checkSignature(options, token, now)
      checkTimes(good.claims, { now, maxLife })
      if (good !== known) verified.set(token, good)
      return good.claims
    },
  }
}

function checkSignature({ keyring, origin }: AccessTokenOptions, token: string, now: Date): Verified {
  const head = header.safeParse(headerOf(token))
  if (!head.success) throw new UnauthenticatedError('access token header refused')
  const key = keyring.verificationKey(head.data.kid, now)
  if (!key) throw new UnauthenticatedError('access token names no key of ours')
  let payload: unknown
  try {
    const expected = { algorithms: [ALGORITHM], issuer: origin, audience: origin, clockTimestamp: secondsOf(now) }
    payload = jwt.verify(token, key.publicKey, expected)
  } catch (cause) {
    throw new UnauthenticatedError('access token refused', { cause })
  }
  // jsonwebtoken accepts a missing exp, an iat in the future and a subject of any type.
  const body = claims.safeParse(payload)
  if (!body.success) throw new UnauthenticatedError('access token claims refused')
  return { claims: body.data, kid: key.kid }
}

function checkTimes({ iat, exp, nbf }: AccessClaims, { now, maxLife }: { now: Date; maxLife: number }): void {
  const present = now.getTime() / 1000
  if (exp <= present) throw new UnauthenticatedError('access token expired')
  if (exp - iat > maxLife) throw new UnauthenticatedError('access token lives too long')
  if (iat > present + ACCESS_TOKEN.leeway) throw new UnauthenticatedError('access token from the future')
  if (nbf !== undefined && nbf > present) throw new UnauthenticatedError('access token not valid yet')
}

/** Parsed here, since jsonwebtoken throws a plain SyntaxError if a part of a token is not JSON. */
function headerOf(token: string): unknown {
  try {
    return JSON.parse(Buffer.from(token.split('.', 1)[0] ?? '', 'base64url').toString())
  } catch {
    return null
  }
}

/** RFC 7519 counts in whole seconds. */
function secondsOf(instant: Date): number {
  return Math.floor(instant.getTime() / 1000)
}
