import { later } from '../../lib/clock'
import { deviceName } from '../../lib/deviceName'
import { queueMail } from '../../store/outbox'
import type { ClientInfo, Deps } from '../deps'
import { type CodeChallenge, createCodeChallenge } from './mailedCode'

type Needs = Pick<Deps, 'clock' | 'config' | 'database'>

interface RequestedMail {
  email: string
  /** Where its link leads; null: to the page of the configuration. */
  redirect: string | null
  /** Milliseconds from now. */
  life: number
}

/**
 * Queues a mail to an address that may have no account. Work and log line are the same for every address: account and quota
 * are looked up only when the mail is sent.
 */
export async function queueMailForAddress(
  { clock, database }: Pick<Needs, 'clock' | 'database'>,
  client: ClientInfo,
  { name, email: recipient, redirect, life }: RequestedMail & { name: 'resetPassword' },
): Promise<void> {
  const now = clock.now()
  const row = { name, recipient, locale: client.locale, redirect, now, expiresAt: later(now, life) }
  await database.transaction((tx) => queueMail(tx, row))
  logRequest(client, name)
}

/** The same for a mail with a code, and the challenge that the client needs beside the code. */
export async function queueMailWithCode(
  deps: Needs,
  client: ClientInfo,
  mail: RequestedMail & { name: 'resendVerification' | 'loginCode'; purpose: 'VERIFY_CODE' | 'LOGIN_CODE' },
): Promise<CodeChallenge> {
  const now = deps.clock.now()
  const { name, purpose, email, redirect, life } = mail
  const row = { name, recipient: email, locale: client.locale, redirect, now, expiresAt: later(now, life) }
  const { challenge, expiresAt } = await deps.database.transaction(async (tx) => {
    const device = name === 'loginCode' ? deviceName(client.userAgent) : null
    const created = await createCodeChallenge(deps, tx, { purpose, email, device, now })
    await queueMail(tx, { ...row, challengeId: created.challengeId })
    return created
  })
  logRequest(client, name)
  return { challenge, expiresAt }
}

function logRequest(client: ClientInfo, mail: string): void {
  client.log.info({ event: 'mail_requested', mail, ipAddress: client.ipAddress }, 'mail_requested')
}
