import { MAIL } from '../../config/defaults'
import { later } from '../../lib/clock'
import type { Transaction } from '../../store/database'
import { queueMail } from '../../store/outbox'
import { findUser } from '../../store/users'

type Notice =
  | 'passkeyAdded'
  | 'passkeyRemoved'
  | 'passkeyCloned'
  | 'secondFactorAdded'
  | 'secondFactorRemoved'
  | 'secondFactorRemovalPlanned'
  | 'recoveryCodeUsed'
  | 'recoveryCodesLow'
  | 'recoveryCodesRenewed'
  | 'secondFactorGuessed'

/** Queues a mail to the owner about their second factor; none if the account was deleted. */
export async function queueNotice(
  tx: Transaction,
  { userId, name, now }: { userId: string; name: Notice; now: Date },
): Promise<void> {
  const user = await findUser(tx, userId)
  if (!user) return
  const { email: recipient, locale } = user
  await queueMail(tx, { name, recipient, userId, locale, now, expiresAt: later(now, MAIL.noticeLife) })
}
