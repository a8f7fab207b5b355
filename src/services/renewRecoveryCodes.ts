import type { ClientInfo, Deps, Viewer } from './deps'
import { commit } from './steps/commit'
import { requireRecentProof } from './steps/recentProof'
import { recoveryCodesFor } from './steps/recoveryCodes'
import { queueNotice } from './steps/queueNotice'
import { NotFoundError } from '../errors/userErrors'
import { findFactorState, hasSecondFactor } from '../store/secondFactors'
import { lockUser } from '../store/users'

type Needs = Pick<Deps, 'clock' | 'database' | 'secrets' | 'sessionCache' | 'logger' | 'sampledLog'>

/** Invalidates the recovery codes and returns ten new ones, which are not shown again. Throws StepUpRequiredError, or NotFoundError without a factor. */
export async function renewRecoveryCodes(
  deps: Needs,
  { client, viewer }: { client: ClientInfo; viewer: Viewer },
): Promise<{ recoveryCodes: string[] }> {
  await requireRecentProof(deps, viewer)

  const userId = viewer.account.id
  const recoveryCodes = await commit(deps, client, async (tx, now) => {
    await lockUser(tx, userId)
    if (!hasSecondFactor(await findFactorState(tx, userId))) throw new NotFoundError()
    await queueNotice(tx, { userId, name: 'recoveryCodesRenewed', now })
    const result = await recoveryCodesFor(tx, userId, now)
    return { result, event: { type: 'recovery_codes_renewed', userId }, invalidate: [] }
  })
  return { recoveryCodes }
}
