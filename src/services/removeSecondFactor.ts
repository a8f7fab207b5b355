import type { ClientInfo, Deps, Viewer } from './deps'
import { commit } from './steps/commit'
import { requireRecentProof } from './steps/recentProof'
import { queueNotice } from './steps/queueNotice'
import { NotFoundError } from '../errors/userErrors'
import { isUuid } from '../lib/uuid'
import { deleteFactor } from '../store/secondFactors'
import { lockUser } from '../store/users'

type Needs = Pick<Deps, 'clock' | 'database' | 'secrets' | 'sessionCache' | 'logger' | 'sampledLog'>

/** Removes a second factor, and with the last one the recovery codes. Throws StepUpRequiredError or NotFoundError. */
export async function removeSecondFactor(
  deps: Needs,
  { client, viewer }: { client: ClientInfo; viewer: Viewer },
  input: { factorId: string },
): Promise<{ factorId: string }> {
  await requireRecentProof(deps, viewer)
  const { factorId } = input
  if (!isUuid(factorId)) throw new NotFoundError()

  const userId = viewer.account.id
  await commit(deps, client, async (tx, now) => {
    await lockUser(tx, userId)
    if (!(await deleteFactor(tx, { id: factorId, userId }))) throw new NotFoundError()
    await queueNotice(tx, { userId, name: 'secondFactorRemoved', now })
    return {
      result: undefined,
      event: { type: 'second_factor_removed', userId, details: { kind: 'TOTP' } },
      invalidate: [],
    }
  })
  return { factorId }
}
