import { v7 as uuidv7 } from 'uuid'
import { factorMethods } from './secondFactor'
import { KNOWN_DEVICE, MAIL, SECOND_FACTOR, SESSION } from '../../config/defaults'
import { digest, isOpaqueToken, mailTokens, newOpaqueToken } from '../../crypto/opaqueToken'
import { requestOptions } from '../../crypto/passkey'
import type { SecondFactorKind } from '../../errors/userErrors'
import { later } from '../../lib/clock'
import { createChallenge } from '../../store/challenges'
import type { Transaction } from '../../store/database'
import { queueMail } from '../../store/outbox'
import type { DeviceOfLogin } from '../../store/knownDevices'
import { listPasskeys } from '../../store/passkeys'
import { cancelRemoval } from '../../store/secondFactorRemovals'
import { findFactorState } from '../../store/secondFactors'
import { type Authentication, type GrantedSession, createSession } from '../../store/sessions'
import type { Account, PasswordVersion } from '../../store/users'
import type { ClientInfo, Deps } from '../deps'

type Needs = Pick<Deps, 'clock' | 'config' | 'secrets' | 'logger' | 'sampledLog'>

interface Login {
  client: ClientInfo
  /** Locked, with the password that was checked. */
  user: PasswordVersion & Pick<Account, 'email' | 'locale'>
  /** The refresh token in the browser's cookie: the new session replaces the session of that token. */
  cookieToken: string | null
  /** How the user has authenticated so far. */
  authentication: Authentication
}

export interface StartedSession {
  kind: 'session'
  session: GrantedSession
  refreshToken: string
  /** The sessions that it ended. */
  endedIds: string[]
  /** Whether it proved a second factor that an operator was about to remove: that is off. */
  cancelledRemoval: boolean
  /** Whether it comes from a device and network that the account was not seen from: then its owner is told. */
  isNewDevice: boolean
}

/** A second factor is required before a session starts. */
export interface PendingSecondFactor {
  kind: 'secondFactor'
  challenge: string
  methods: SecondFactorKind[]
  expiresAt: Date
  /** Null unless the account has a passkey. */
  passkeyOptions: Record<string, unknown> | null
}

/**
 * The only function that starts sessions, so that no login can omit the second factor: if the account has one and only one
 * factor was proved, it creates a challenge instead. Otherwise it creates a new session. Call with the account locked.
 */
export async function startSession(
  deps: Needs,
  tx: Transaction,
  login: Login & { authentication: { aal: 2 } },
): Promise<StartedSession>
export async function startSession(
  deps: Needs,
  tx: Transaction,
  login: Login,
): Promise<StartedSession | PendingSecondFactor>
export async function startSession(
  deps: Needs,
  tx: Transaction,
  login: Login,
): Promise<StartedSession | PendingSecondFactor> {
  if (login.authentication.aal < 2) {
    const methods = factorMethods(deps, await findFactorState(tx, login.user.id))
    if (methods) return challengeFor(deps, tx, { ...login, methods })
  }
  return openSession(deps, tx, login)
}

/** What `commit` records of a login, and the cached sessions that it makes stale. `details` are those of a started session. */
export function recordOfLogin(
  login: StartedSession | PendingSecondFactor,
  userId: string,
  details: { way?: string; secondFactor?: string } = {},
) {
  if (login.kind === 'secondFactor') {
    return { event: { type: 'second_factor_required' as const, userId }, invalidate: [] }
  }
  const invalidate = login.endedIds.map((id) => ({ kind: 'session' as const, id }))
  const { session, endedIds: endedSessionIds } = login
  const recorded = { ...details, sessionId: session.id, ...(login.isNewDevice && { newDevice: true }) }
  const event = { type: 'login_succeeded' as const, userId, details: recorded, endedSessionIds }
  const cancelled = login.cancelledRemoval ? [{ type: 'second_factor_removal_cancelled' as const, userId }] : []
  return { event: [event, ...cancelled], invalidate }
}

async function openSession({ clock, config, secrets }: Needs, tx: Transaction, login: Login): Promise<StartedSession> {
  const { client, user, cookieToken, authentication } = login
  const now = clock.now()
  const refreshToken = newOpaqueToken()
  const { ipAddress, userAgent } = client
  const expiresAt = later(now, Math.min(config.refreshTokenTtl, config.sessionMaxAge))
  const row = { userId: user.id, refreshTokenHash: digest(refreshToken), now, expiresAt, ipAddress, userAgent }
  const replacedHash = cookieToken !== null && isOpaqueToken(cookieToken) ? digest(cookieToken) : null
  const device = deviceOf(secrets, now)
  const limits = { maxPerUser: SESSION.maxPerUser, replacedHash }
  const opened = await createSession(tx, { ...row, authentication, device }, limits)
  if (opened.isNewDevice) await tellOwner(tx, { id: device.id, user, now })
  // The owner objects by a login with two factors: nobody has lost what was just used.
  const cancelledRemoval = authentication.aal === 2 && (await cancelRemoval(tx, user.id))
  return { kind: 'session', ...opened, refreshToken, cancelledRemoval }
}

function deviceOf(secrets: Needs['secrets'], now: Date): DeviceOfLogin {
  const id = uuidv7()
  const [token] = mailTokens(secrets, 'REJECT_LOGIN', id)
  const told = { max: MAIL.perAddressHour, since: later(now, -MAIL.quotaWindow) }
  return {
    id,
    tokenHash: digest(token),
    knownSince: later(now, -KNOWN_DEVICE.memory),
    maxSessions: SESSION.maxPerUser,
    told,
  }
}

/** The mail has the id of the device, from which its link is derived. */
async function tellOwner(
  tx: Transaction,
  { id, user, now }: { id: string; user: Login['user']; now: Date },
): Promise<void> {
  const { id: userId, email: recipient, locale } = user
  const expiresAt = later(now, MAIL.noticeLife)
  await queueMail(tx, { id, name: 'newDeviceLogin', recipient, userId, locale, now, expiresAt })
}

async function challengeFor(
  { clock, config }: Needs,
  tx: Transaction,
  { user, authentication, methods }: Login & { methods: SecondFactorKind[] },
): Promise<PendingSecondFactor> {
  const now = clock.now()
  const challenge = newOpaqueToken()
  const expiresAt = later(now, SECOND_FACTOR.challengeLife)
  await createChallenge(tx, {
    ...{ purpose: 'SECOND_FACTOR', tokenHash: digest(challenge), maxAttempts: SECOND_FACTOR.attempts, now, expiresAt },
    ...{ userId: user.id, passwordChangedAt: user.passwordChangedAt, amr: authentication.amr },
  })
  const allowed = methods.includes('PASSKEY') ? await listPasskeys(tx, user.id) : null
  const passkeyOptions = allowed && requestOptions({ id: config.passkeyRpId }, { challenge, allowed })
  return { kind: 'secondFactor', challenge, methods, expiresAt, passkeyOptions }
}
