import type { ClientInfo, Deps, Viewer } from './deps'
import { fixRpId } from './passkeyRpId'
import { commit } from './steps/commit'
import { InputReader } from './steps/inputReader'
import { consumePasskeyChallenge, methodsOfPasskey, relyingParty } from './steps/passkeyProof'
import { requireRecentProof } from './steps/recentProof'
import { recoveryCodesFor } from './steps/recoveryCodes'
import { queueNotice } from './steps/queueNotice'
import { amrWith } from './steps/secondFactor'
import { PASSKEY } from '../config/defaults'
import { type Credential, verifyRegistration } from '../crypto/passkey'
import { UnauthenticatedError } from '../errors/requestErrors'
import { InvalidTokenError, PasskeyRefusedError } from '../errors/userErrors'
import { type Passkey, createPasskey, listPasskeys } from '../store/passkeys'
import { findFactorState, hasSecondFactor } from '../store/secondFactors'
import { raiseSession } from '../store/sessions'
import { lockUser } from '../store/users'

type Needs = Pick<Deps, 'clock' | 'config' | 'database' | 'secrets' | 'sessionCache' | 'logger' | 'sampledLog'>

/** The default name of a passkey. */
const DEFAULT_NAME = 'Passkey'

/**
 * Adds a passkey to the viewer's account. It is a way in by itself, and from now on a second factor beside the password; the
 * session of the request reaches level 2. Throws InvalidInputError, StepUpRequiredError, InvalidTokenError, ExpiredTokenError
 * or InvalidCredentialsError.
 */
export async function registerPasskey(
  deps: Needs,
  { client, viewer }: { client: ClientInfo; viewer: Viewer },
  input: { challenge: string; response: Record<string, unknown>; name?: string | null },
): Promise<{ passkey: Passkey; recoveryCodes: string[] | null }> {
  const read = new InputReader()
  const name = read.displayName('name', input.name) ?? DEFAULT_NAME
  read.done()
  await requireRecentProof(deps, viewer)
  const userId = viewer.account.id
  const admitted = await consumePasskeyChallenge(deps, 'PASSKEY_REGISTRATION', input.challenge)
  if (admitted.userId !== userId || admitted.sessionId !== viewer.session.id) throw new InvalidTokenError()
  const credential = await verified(deps, client, input)
  await fixRpId(deps)

  return commit(deps, client, async (tx, now) => {
    if (!(await lockUser(tx, userId))) throw new UnauthenticatedError('the account is gone')
    const isFirst = !hasSecondFactor(await findFactorState(tx, userId))
    if ((await listPasskeys(tx, userId)).length >= PASSKEY.maxPerUser) {
      read.refuse('passkey', 'UNSUPPORTED', PASSKEY.maxPerUser)
    }
    read.done()
    const passkey = await createPasskey(tx, { ...credential, userId, name, createdAt: now })
    if (!passkey) throw new PasskeyRefusedError()
    const recoveryCodes = isFirst ? await recoveryCodesFor(tx, userId, now) : null
    const amr = amrWith(viewer.session.amr, methodsOfPasskey(credential))
    await raiseSession(tx, { id: viewer.session.id, aal: 2, amr, now })
    await queueNotice(tx, { userId, name: 'passkeyAdded', now })
    return {
      result: { passkey, recoveryCodes },
      event: { type: 'passkey_added', userId, details: { passkeyId: passkey.id } },
      invalidate: [{ kind: 'session', id: viewer.session.id }],
    }
  })
}

async function verified(
  deps: Needs,
  client: ClientInfo,
  { challenge, response }: { challenge: string; response: Record<string, unknown> },
): Promise<Credential> {
  try {
    return await verifyRegistration(relyingParty(deps), { challenge, response })
  } catch (error) {
    deps.sampledLog(client.log, { event: 'passkey_refused', reason: error instanceof Error ? error.name : 'unknown' })
    throw new PasskeyRefusedError()
  }
}
