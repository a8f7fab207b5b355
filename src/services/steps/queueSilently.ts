import { later } from '../../lib/clock'
import { queueMail } from '../../store/mails'
import type { Client, Deps } from '../deps'
import { mayMailTo } from './mailCap'

/**
 * Queues a mail to an address that may have no account: the same work and the same log line for every address, since
 * only the worker looks the account up. `life` in milliseconds, counted from now.
 */
export async function queueSilently(
  deps: Pick<Deps, 'clock' | 'database' | 'limiter' | 'logger'>,
  client: Client,
  mail: { name: 'resendVerification' | 'resetPassword'; email: string; life: number },
): Promise<void> {
  const { clock, database, logger } = deps
  const now = clock.now()
  if (await mayMailTo(deps, mail.email)) {
    const { name, email: recipient } = mail
    const row = { name, recipient, locale: client.locale, now, expiresAt: later(now, mail.life) }
    await database.transaction((tx) => queueMail(tx, row))
  }
  logger.info(
    { event: 'mail_requested', mail: mail.name, ipAddress: client.ipAddress, requestId: client.requestId },
    'mail_requested',
  )
}
