import { LOGIN_GUESSES } from '../../config/defaults'
import { digest, isOpaqueToken } from '../../crypto/opaqueToken'
import { hmac } from '../../crypto/secrets'
import { RateLimitedError } from '../../errors/userErrors'
import { networksOf } from '../../lib/ipAddress'
import {
  addressesOfLogins,
  resetLoginFailures,
  msUntilFailuresExpire,
  uncountLoginFailure,
} from '../../store/loginFailures'
import { findSessionByToken } from '../../store/refreshTokens'
import type { Transaction } from '../../store/database'
import type { ClientInfo, Deps } from '../deps'

type Needs = Pick<Deps, 'clock' | 'database' | 'secrets' | 'sampledLog'>
const LIMIT = { max: LOGIN_GUESSES.max, life: LOGIN_GUESSES.life }
/** Queried if an address has no account, so that its rejection takes the same statements. */
const NOBODY = '00000000-0000-0000-0000-000000000000'

/** One attempt to log in, before its password is compared. */
interface Attempt {
  /** Canonical. */
  email: string
  /** Null where the address has no account. */
  userId: string | null
  /** The refresh token in the request's cookie. */
  cookieToken: string | null
}

/** What `findLogin` counts an attempt by: the address, whether or not it has an account. */
export function attemptAt(deps: Pick<Deps, 'secrets'>, email: string) {
  return { email, failureKey: failureKeyOf(deps, email), limit: LIMIT }
}

/**
 * Refuses an attempt that was not counted, unless its device has logged in to the account before (NIST SP 800-63B §3.2.2): after
 * a hundred consecutive failed logins only such a device may try, until a success, a reset, or a day has passed. Throws a
 * RateLimitedError.
 */
export async function requireKnownDevice(deps: Needs, client: ClientInfo, attempt: Attempt): Promise<void> {
  const { database, sampledLog } = deps
  if (await isKnownDevice(deps, client, attempt)) return
  const msLeft = await msUntilFailuresExpire(database.prisma, failureKeyOf(deps, attempt.email), LIMIT)
  const retryAfter = Math.max(1, Math.ceil(msLeft / 1000))
  sampledLog(client.log, { event: 'rate_limited', kind: 'login:guesses', retryAfter })
  throw new RateLimitedError(retryAfter)
}

/** Uncounts an attempt that compared no password: an overload must not count as a guess. */
export async function uncountLoginGuess(deps: Pick<Deps, 'database' | 'secrets'>, email: string): Promise<void> {
  await uncountLoginFailure(deps.database.prisma, failureKeyOf(deps, email))
}

/** Resets the count, after a success or a reset. */
export async function resetLoginGuesses(deps: Pick<Deps, 'secrets'>, tx: Transaction, email: string): Promise<void> {
  await resetLoginFailures(tx, failureKeyOf(deps, email))
}

/** Whether the account has been used from this client's network, or its cookie belongs to a live session of the account. */
async function isKnownDevice(
  { clock, database }: Needs,
  { ipAddress }: ClientInfo,
  { userId, cookieToken }: Attempt,
): Promise<boolean> {
  const addresses = await addressesOfLogins(database.prisma, userId ?? NOBODY, LOGIN_GUESSES.knownAddresses)
  const [network] = networksOf(ipAddress)
  if (addresses.some((address) => networksOf(address)[0]?.prefix === network?.prefix)) return true
  if (cookieToken === null || !isOpaqueToken(cookieToken)) return false
  const session = await findSessionByToken(database.prisma, digest(cookieToken))
  return session !== null && session.userId === userId && !session.revokedAt && session.expiresAt > clock.now()
}

/** Under which the failures of an address are counted: the database does not tell which addresses are tried. */
export function failureKeyOf({ secrets }: Pick<Deps, 'secrets'>, email: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(hmac(secrets.key('login-failures'), email))
}
