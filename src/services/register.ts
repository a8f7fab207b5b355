import type { ClientInfo, Deps } from './deps'
import { commit } from './steps/commit'
import { InputReader } from './steps/inputReader'
import { hashNewPassword } from './steps/hashNewPassword'
import { createCodeChallenge } from './steps/mailedCode'
import { hmac } from '../crypto/secrets'
import { later } from '../lib/clock'
import { queueMail } from '../store/outbox'
import { type NewRegistration, createRegistration } from '../store/registrations'

export interface RegisterInput {
  email: string
  password: string
  displayName?: string | null
  locale?: string | null
  redirect?: string | null
}

type Needs = Pick<
  Deps,
  'config' | 'clock' | 'database' | 'secrets' | 'hasher' | 'strength' | 'breached' | 'singleFlight' | 'sessionCache'
>

/**
 * Registers an address. Response and work are the same whether the address is free, unverified or taken: its owner is
 * notified by mail. `challenge` is for `verifyEmailByCode`; that of a taken address never succeeds. Throws
 * InvalidInputError, WeakPasswordError or OverloadedError.
 */
export async function register(
  deps: Needs,
  client: ClientInfo,
  input: RegisterInput,
): Promise<{ email: string; challenge: string }> {
  const { config } = deps
  const read = new InputReader()
  const email = read.email('email', input.email)
  const password = read.newPassword('password', input.password, config.passwordMinLength)
  const displayName = read.displayName('displayName', input.displayName)
  const locale = read.locale('locale', input.locale, client.locale)
  const redirect = read.redirect('redirect', input.redirect, config.redirectUrls)
  read.done()

  const call = JSON.stringify([email, password, displayName, locale, redirect])
  const key = hmac(deps.secrets.key('inflight-key'), call).toString('base64url')
  const challenge = await deps.singleFlight.run(key, () =>
    registerOnce(deps, client, { email, password, displayName, locale, redirect }),
  )
  return { email, challenge }
}

async function registerOnce(
  deps: Needs,
  client: ClientInfo,
  {
    password,
    redirect,
    ...profile
  }: Pick<NewRegistration, 'email' | 'displayName' | 'locale'> & { password: string; redirect: string | null },
): Promise<string> {
  const personal = [profile.email, profile.displayName]
  const passwordHash = await hashNewPassword(deps, client, { password, personal })
  return commit(deps, client, async (tx, now) => {
    const written = await createRegistration(tx, { ...profile, passwordHash, now })
    const code = { purpose: 'VERIFY_CODE', email: profile.email, registrationId: written.registrationId, now } as const
    const { challenge, challengeId } = await createCodeChallenge(deps, tx, code)
    await queueMail(tx, {
      name: 'verifyEmail',
      recipient: profile.email,
      ...written,
      challengeId,
      locale: profile.locale,
      redirect,
      now,
      expiresAt: later(now, deps.config.verifyTokenTtl),
    })
    // Log no user id: it would distinguish taken addresses from free ones. audit_events has it.
    return {
      result: challenge,
      event: { type: 'registration_requested', userId: written.userId, omitUserFromLog: true },
      invalidate: [],
    }
  })
}
