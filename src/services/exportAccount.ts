import type { ClientInfo, Deps, Viewer } from './deps'
import { SECURITY_EVENTS } from './listSecurityEvents'
import { type AccountExport, toAccountExport } from './steps/accountExport'
import { commit } from './steps/commit'
import { requireRecentProof } from './steps/recentProof'
import { EXPORT } from '../config/defaults'
import { UnauthenticatedError } from '../errors/requestErrors'
import { readAccountExport } from '../store/accountExport'

type Needs = Pick<Deps, 'clock' | 'database' | 'secrets' | 'sessionCache' | 'logger' | 'sampledLog'>

/**
 * Everything that is stored about the viewer's account, without secrets. Whoever holds a stolen session must prove who they
 * are first. Throws StepUpRequiredError.
 */
export async function exportAccount(
  deps: Needs,
  { client, viewer }: { client: ClientInfo; viewer: Viewer },
): Promise<AccountExport> {
  await requireRecentProof(deps, viewer)

  const userId = viewer.account.id
  const { maxEvents } = EXPORT
  return commit(deps, client, async (tx, now) => {
    const stored = await readAccountExport(tx, userId, { types: SECURITY_EVENTS, max: maxEvents })
    if (!stored) throw new UnauthenticatedError('the account is gone')
    const result = toAccountExport(stored, { now, maxEvents })
    return { result, event: { type: 'account_exported', userId }, invalidate: [] }
  })
}
