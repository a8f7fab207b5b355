import type { ClientInfo, Deps, Viewer } from './deps'
import { commit } from './steps/commit'
import { changedSinceCheck, requireCurrentPassword } from './steps/currentPassword'
import { queueDeletionNotices } from './steps/deletionNotices'
import { requireRecentSecondFactor } from './steps/recentProof'
import { normalizePassword } from '../passwords/passwordText'
import { invalidateCodes } from '../store/challenges'
import { formerEmailsOf } from '../store/formerEmails'
import { dropMailsTo } from '../store/outbox'
import { deleteUser } from '../store/users'

type Needs = Pick<
  Deps,
  'clock' | 'database' | 'hasher' | 'sessionCache' | 'limiter' | 'secrets' | 'logger' | 'sampledLog'
>

/**
 * Deletes the viewer's account, with its sessions, links and queued mails; a last mail notifies the owner.
 * Throws StepUpRequiredError, InvalidCredentialsError, RateLimitedError or OverloadedError.
 */
export async function deleteAccount(
  deps: Needs,
  { client, viewer }: { client: ClientInfo; viewer: Viewer },
  input: { password: string },
): Promise<{ userId: string }> {
  // The result has no InvalidInputError: text that cannot be a password counts as a wrong one.
  const password = normalizePassword(input.password) ?? ''
  await requireRecentSecondFactor(deps, viewer)
  const user = await requireCurrentPassword(deps, { client, viewer }, password)

  await commit(deps, client, async (tx, now) => {
    const formerEmails = await formerEmailsOf(tx, user.id, now)
    if (!(await deleteUser(tx, user))) throw await changedSinceCheck(tx, user.id)
    await dropMailsTo(tx, user.email)
    await invalidateCodes(tx, [user.email])
    await queueDeletionNotices(tx, { ...user, formerEmails }, now)
    // The audit row of a deleted account has no user id (insertAuditEvent); the log line has it.
    return {
      result: undefined,
      event: { type: 'account_deleted', userId: user.id },
      invalidate: [{ kind: 'user', id: user.id }],
    }
  })
  return { userId: user.id }
}
