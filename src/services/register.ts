import type { Client, Deps } from './deps'
import { auditOf, logEvent } from './steps/audit'
import { InputReader } from './steps/input'
import { mayMailTo } from './steps/mailCap'
import { hashNewPassword } from './steps/strongPassword'
import { hmac } from '../crypto/secrets'
import { later } from '../lib/clock'
import { insertAuditEvent } from '../store/auditEvents'
import { queueMail } from '../store/mails'
import { type Claim, claimAddress } from '../store/users'

export interface RegisterInput {
  email: string
  password: string
  displayName?: string | null
  locale?: string | null
}

type Needs = Pick<
  Deps,
  'config' | 'clock' | 'database' | 'secrets' | 'hasher' | 'strength' | 'breached' | 'limiter' | 'inFlight' | 'logger'
>

/**
 * Claims an address. Answer and work are the same for a free, a waiting and a taken address: what its owner is told
 * comes by mail. Throws InvalidInputError, WeakPasswordError or OverloadedError.
 */
export async function register(deps: Needs, client: Client, input: RegisterInput): Promise<{ email: string }> {
  const { config } = deps
  const read = new InputReader()
  const email = read.email('email', input.email)
  const password = read.newPassword('password', input.password, config.passwordMinLength)
  const displayName = read.displayName('displayName', input.displayName)
  const locale = read.locale('locale', input.locale, client.locale)
  read.done()

  const call = JSON.stringify([email, password, displayName, locale])
  const key = hmac(deps.secrets.key('inflight-key'), call).toString('base64url')
  await deps.inFlight.run(key, () => claim(deps, client, { email, password, displayName, locale }))
  return { email }
}

async function claim(
  deps: Needs,
  client: Client,
  { password, ...profile }: Pick<Claim, 'email' | 'displayName' | 'locale'> & { password: string },
): Promise<void> {
  const { config, clock, database, limiter, logger } = deps
  const personal = [profile.email, profile.displayName]
  const passwordHash = await hashNewPassword(deps, client, { password, personal })
  const mayMail = await mayMailTo({ limiter, logger }, profile.email)
  const now = clock.now()
  const event = await database.transaction(async (tx) => {
    const written = await claimAddress(tx, { ...profile, passwordHash, now })
    if (mayMail) {
      const expiresAt = later(now, config.verifyTokenTtl)
      await queueMail(tx, {
        name: 'verifyEmail',
        recipient: profile.email,
        ...written,
        locale: profile.locale,
        now,
        expiresAt,
      })
    }
    const audit = auditOf(client, { type: 'registration_requested', userId: written.userId, now })
    await insertAuditEvent(tx, audit)
    return audit
  })
  // The line must not tell a log reader's query apart either: the id of a taken account stays in the table.
  logEvent(logger, { ...event, userId: null }, client)
}
