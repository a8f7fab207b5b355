import { later } from '../../lib/clock'
import { queueMail } from '../../store/outbox'
import type { ClientInfo, Deps } from '../deps'

/**
 * Queues a mail to an address that may have no account. Work and log line are the same for every address: account and quota
 * are looked up only when the mail is sent. `life` is in milliseconds from now.
 */
export async function queueMailForAddress(
  { clock, database }: Pick<Deps, 'clock' | 'database'>,
  client: ClientInfo,
  mail: { name: 'resendVerification' | 'resetPassword'; email: string; life: number },
): Promise<void> {
  const now = clock.now()
  const { name, email: recipient, life } = mail
  const row = { name, recipient, locale: client.locale, now, expiresAt: later(now, life) }
  await database.transaction((tx) => queueMail(tx, row))
  client.log.info({ event: 'mail_requested', mail: name, ipAddress: client.ipAddress }, 'mail_requested')
}
