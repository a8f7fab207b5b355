import type { ClientInfo, Deps, Viewer } from './deps'
import { commit } from './steps/commit'
import { requireRecentProof } from './steps/recentProof'
import { queueNotice } from './steps/queueNotice'
import { waysInOf } from './waysIn'
import { userHandleOf } from '../crypto/passkey'
import { LastWayInError, NotFoundError } from '../errors/userErrors'
import { isUuid } from '../lib/uuid'
import { deletePasskey, listPasskeys } from '../store/passkeys'
import { dropUselessCodes } from '../store/secondFactors'
import { lockUser } from '../store/users'

type Needs = Pick<Deps, 'clock' | 'config' | 'database' | 'secrets' | 'sessionCache' | 'logger' | 'sampledLog'>

/** What the page hands to `PublicKeyCredential.signalAllAcceptedCredentials`, so that the removed passkey is offered no more. */
export interface RemovedPasskey {
  passkeyId: string
  acceptedCredentialIds: string[]
  rpId: string
  userHandle: string
}

/**
 * Removes a passkey, unless it is the last way in. Sessions that it opened stay. Throws StepUpRequiredError, NotFoundError or
 * LastWayInError.
 */
export async function removePasskey(
  deps: Needs,
  { client, viewer }: { client: ClientInfo; viewer: Viewer },
  input: { passkeyId: string },
): Promise<RemovedPasskey> {
  await requireRecentProof(deps, viewer)
  const { passkeyId } = input
  if (!isUuid(passkeyId)) throw new NotFoundError()

  const userId = viewer.account.id
  const left = await commit(deps, client, async (tx, now) => {
    await lockUser(tx, userId)
    if (!(await deletePasskey(tx, { id: passkeyId, userId }))) throw new NotFoundError()
    if ((await waysInOf(tx, deps.config, userId)).length === 0) throw new LastWayInError()
    await dropUselessCodes(tx, userId)
    await queueNotice(tx, { userId, name: 'passkeyRemoved', now })
    return {
      result: await listPasskeys(tx, userId),
      event: { type: 'passkey_removed', userId, details: { passkeyId } },
      invalidate: [],
    }
  })
  const acceptedCredentialIds = left.map(({ credentialId }) => Buffer.from(credentialId).toString('base64url'))
  return { passkeyId, acceptedCredentialIds, rpId: deps.config.passkeyRpId, userHandle: userHandleOf(userId) }
}
