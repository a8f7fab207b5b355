import { later } from '../../lib/clock'
import { queueMail } from '../../store/outbox'
import type { ClientInfo, Deps } from '../deps'

/**
 * Queues a mail to an address that may have no account: the same work and the same log line for every address, since
 * only the worker looks the account up, and the quota of the address. `life` in milliseconds, counted from now.
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
