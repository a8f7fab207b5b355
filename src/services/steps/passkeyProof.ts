import { type Assertion, type RelyingParty, userHandleOf, verifyAssertion } from '../../crypto/passkey'
import { digest, isOpaqueToken } from '../../crypto/opaqueToken'
import { ExpiredTokenError, InvalidTokenError, PasskeyRefusedError } from '../../errors/userErrors'
import { type AdmittedPasskeyChallenge, admitPasskeyChallenge, hasExpired } from '../../store/challenges'
import type { Transaction } from '../../store/database'
import { type Passkey, findPasskey, isPasskeyThere, recordPasskeyUse } from '../../store/passkeys'
import type { ClientInfo, Deps } from '../deps'
import { commit } from './commit'
import { queueNotice } from './queueNotice'

type Needs = Pick<Deps, 'clock' | 'config' | 'database' | 'sessionCache' | 'sampledLog'>

/** A response of a passkey whose signature was verified. */
export interface PasskeyProof {
  kind: 'PASSKEY'
  passkey: Passkey
  assertion: Assertion
}

export function relyingParty({ config }: Pick<Deps, 'config'>): RelyingParty {
  return { id: config.passkeyRpId, name: config.appName, origins: config.passkeyOrigins }
}

/**
 * Uses up a challenge before the response to it is judged, so that none is judged twice (ASVS 6.7.2). Throws an
 * InvalidTokenError or an ExpiredTokenError.
 */
export async function consumePasskeyChallenge(
  { clock, database }: Pick<Deps, 'clock' | 'database'>,
  purpose: 'PASSKEY_LOGIN' | 'PASSKEY_REGISTRATION',
  challenge: string,
): Promise<AdmittedPasskeyChallenge> {
  if (!isOpaqueToken(challenge)) throw new InvalidTokenError()
  const key = { purpose, tokenHash: digest(challenge), now: clock.now() }
  const admitted = await admitPasskeyChallenge(database.prisma, key)
  if (admitted) return admitted
  throw (await hasExpired(database.prisma, key)) ? new ExpiredTokenError() : new InvalidTokenError()
}

/**
 * Verifies the response of a passkey to a challenge. `userId` is the account whose passkey it must be; null for any. Throws a
 * PasskeyRefusedError; the reason is logged without what the client sent.
 */
export async function verifyPasskey(
  deps: Needs,
  client: ClientInfo,
  { challenge, response, userId }: { challenge: string; response: Record<string, unknown>; userId: string | null },
): Promise<PasskeyProof> {
  const id = typeof response.id === 'string' && /^[\w-]{1,1364}$/.test(response.id) ? response.id : ''
  const passkey = id === '' ? null : await findPasskey(deps.database.prisma, Buffer.from(id, 'base64url'))
  if (!passkey) throw new PasskeyRefusedError(id === '' ? null : id)
  if (userId !== null && passkey.userId !== userId) throw new PasskeyRefusedError()
  const { userHandle } = Object(response.response) as { userHandle?: unknown }
  if (userHandle !== undefined && userHandle !== null && userHandle !== userHandleOf(passkey.userId))
    throw new PasskeyRefusedError()
  try {
    const assertion = await verifyAssertion(relyingParty(deps), { challenge, response, credential: passkey })
    return { kind: 'PASSKEY', passkey, assertion }
  } catch (error) {
    deps.sampledLog(client.log, { event: 'passkey_refused', reason: error instanceof Error ? error.name : 'unknown' })
    throw new PasskeyRefusedError()
  }
}

/** Records the use of a verified passkey, with its account locked. False if it was removed, or if its counter did not grow. */
export function usePasskey(tx: Transaction, { passkey, assertion }: PasskeyProof, now: Date): Promise<boolean> {
  return recordPasskeyUse(tx, { id: passkey.id, ...assertion, now })
}

/**
 * Warns the owner of a passkey whose use could not be recorded: if it is still there, its counter has not grown, so there is a
 * copy of it. Call it only where no other use of the same response may have come first.
 */
export async function warnOfCopy(
  deps: Pick<Deps, 'clock' | 'database' | 'sessionCache'>,
  client: ClientInfo,
  { passkey }: PasskeyProof,
): Promise<void> {
  const { id: passkeyId, userId } = passkey
  if (!(await isPasskeyThere(deps.database.prisma, passkeyId))) return
  await commit(deps, client, async (tx, now) => {
    await queueNotice(tx, { userId, name: 'passkeyCloned', now })
    return { result: undefined, event: { type: 'passkey_cloned', userId, details: { passkeyId } }, invalidate: [] }
  })
}

/** The methods of RFC 8176 that a passkey with user verification proves. */
export function methodsOfPasskey({ backedUp }: { backedUp: boolean }): string[] {
  return [backedUp ? 'swk' : 'hwk', 'user']
}
