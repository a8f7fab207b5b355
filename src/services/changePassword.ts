import type { ClientInfo, Deps, IssuedTokens, Viewer } from './deps'
import { commit } from './steps/commit'
import { InputReader } from './steps/inputReader'
import { issueTokens } from './steps/issueTokens'
import { changedSinceCheck, requireCurrentPassword } from './steps/currentPassword'
import { requireRecentSecondFactor } from './steps/recentProof'
import { sessionLifeOf } from './steps/sessionLife'
import { hashNewPassword } from './steps/hashNewPassword'
import { MAIL } from '../config/defaults'
import { digest, newOpaqueToken } from '../crypto/opaqueToken'
import { UnauthenticatedError } from '../errors/requestErrors'
import { later } from '../lib/clock'
import { normalizeNfc } from '../lib/normalizeNfc'
import { invalidateLinks } from '../store/oneTimeTokens'
import { queueMail } from '../store/outbox'
import { renewRefreshToken } from '../store/refreshTokens'
import { revokeSessions } from '../store/sessions'
import { changePasswordHash } from '../store/users'

type Needs = Pick<
  Deps,
  | 'clock'
  | 'config'
  | 'database'
  | 'hasher'
  | 'strength'
  | 'breached'
  | 'accessTokens'
  | 'sessionCache'
  | 'limiter'
  | 'secrets'
  | 'logger'
  | 'sampledLog'
>
interface ChangeRequest {
  client: ClientInfo
  viewer: Viewer
  /** The refresh token in the browser's cookie, if it sent one. */
  cookieToken: string | null
}
interface Changed {
  revokedSessions: number
  tokens: IssuedTokens
  /** Whether the browser's cookie held the refresh token that `tokens` replaces. */
  isCookieSession: boolean
}

/**
 * Sets a new password after checking the current one. Revokes every other session, invalidates all links and notifies the
 * owner. The session of the request gets new tokens, so that a copy of its refresh token becomes invalid. Throws
 * InvalidInputError, StepUpRequiredError, InvalidCredentialsError, WeakPasswordError, RateLimitedError or OverloadedError.
 */
export async function changePassword(
  deps: Needs,
  { client, viewer, cookieToken }: ChangeRequest,
  input: { currentPassword: string; newPassword: string },
): Promise<Changed> {
  const { config } = deps
  const read = new InputReader()
  const current = read.password('currentPassword', input.currentPassword)
  const password = read.newPassword('newPassword', input.newPassword, config.passwordMinLength)
  read.done()
  await requireRecentSecondFactor(deps, viewer)
  const user = await requireCurrentPassword(deps, { client, viewer }, current)
  if (password === normalizeNfc(current)) read.refuse('newPassword', 'UNCHANGED')
  read.done()

  const personal = [user.email, user.displayName]
  const passwordHash = await hashNewPassword(deps, client, { password, personal })
  const refreshToken = newOpaqueToken()
  const { revokedSessions, renewed } = await commit(deps, client, async (tx, now) => {
    if (!(await changePasswordHash(tx, user, { passwordHash, now }))) throw await changedSinceCheck(tx, user.id)
    await invalidateLinks(tx, { userId: user.id, addresses: [user.email] })
    const { email: recipient, locale } = user
    const expiresAt = later(now, MAIL.noticeLife)
    await queueMail(tx, { name: 'passwordChanged', recipient, userId: user.id, locale, now, expiresAt })
    const { id } = viewer.session
    const revokedSessions = await revokeSessions(tx, { userId: user.id, keep: id }, now)
    const tokenHash = digest(refreshToken)
    const renewed = await renewRefreshToken(tx, { id, tokenHash, now, life: sessionLifeOf(config) })
    // The session was revoked while the password was hashed: then the change must not happen.
    if (!renewed) throw new UnauthenticatedError('session is not live')
    return {
      result: { revokedSessions, renewed },
      event: { type: 'password_changed', userId: user.id, details: { keptSessionId: id } },
      invalidate: [{ kind: 'user', id: user.id }],
    }
  })
  const tokens = issueTokens(deps, { userId: user.id, session: renewed.session, refreshToken })
  const isCookieSession = cookieToken !== null && digest(cookieToken).equals(renewed.replacedHash)
  return { revokedSessions, tokens, isCookieSession }
}
