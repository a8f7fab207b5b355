import type { ClientInfo, Deps, IssuedTokens, Viewer } from './deps'
import { commit } from './steps/commit'
import { InputReader } from './steps/inputReader'
import { requireRecentProof } from './steps/recentProof'
import { recoveryCodesFor } from './steps/recoveryCodes'
import { renewSession, tokensOfRenewed } from './steps/renewSession'
import { queueNotice } from './steps/queueNotice'
import { amrWith } from './steps/secondFactor'
import { SECOND_FACTOR } from '../config/defaults'
import { TOTP_DIGITS, readTotpCode, stepsOfCode } from '../crypto/totp'
import { unsealTotpSecret } from '../crypto/totpSeal'
import { UnauthenticatedError } from '../errors/requestErrors'
import { NotFoundError, WrongCodeError } from '../errors/userErrors'
import { later } from '../lib/clock'
import { isUuid } from '../lib/uuid'
import {
  type SecondFactor,
  confirmFactor,
  findEnrolment,
  findFactorState,
  hasSecondFactor,
} from '../store/secondFactors'
import { revokeSessions } from '../store/sessions'
import { lockUser } from '../store/users'

type Needs = Pick<
  Deps,
  'clock' | 'config' | 'database' | 'secrets' | 'accessTokens' | 'sessionCache' | 'logger' | 'sampledLog'
>
interface Confirmed {
  factor: SecondFactor
  /** Null unless this was the first factor. */
  recoveryCodes: string[] | null
  revokedSessions: number
  tokens: IssuedTokens
  isCookieSession: boolean
}

/**
 * Confirms an authenticator app by one code: from now on logins require it. The session of the request gets level 2 and new
 * tokens; sessions of level 1 end, since they started without the factor. Throws InvalidInputError, StepUpRequiredError,
 * NotFoundError or InvalidCredentialsError.
 */
export async function confirmTotp(
  deps: Needs,
  { client, viewer, cookieToken }: { client: ClientInfo; viewer: Viewer; cookieToken: string | null },
  input: { factorId: string; code: string },
): Promise<Confirmed> {
  const { clock, database, secrets } = deps
  const read = new InputReader()
  const code = readTotpCode(input.code) ?? read.refuse('code', 'INVALID_FORMAT', TOTP_DIGITS)
  read.done()
  await requireRecentProof(deps, viewer)
  const userId = viewer.account.id
  const now = clock.now()
  const since = later(now, -SECOND_FACTOR.enrolmentLife)
  const waiting =
    isUuid(input.factorId) && (await findEnrolment(database.prisma, { id: input.factorId, userId, since }))
  if (!waiting) throw new NotFoundError()
  const opened = unsealTotpSecret(secrets, waiting.id, waiting.secretSealed)
  if (!opened) throw new NotFoundError() // SECRET was replaced meanwhile: the enrolment must be repeated
  const step = stepsOfCode(opened.secret, code, now).at(-1)
  if (step === undefined) throw new WrongCodeError()

  const { renewed, ...confirmed } = await commit(deps, client, async (tx, confirmedAt) => {
    if (!(await lockUser(tx, userId))) throw new UnauthenticatedError('the account is gone')
    const isFirst = !hasSecondFactor(await findFactorState(tx, userId))
    const factor = await confirmFactor(tx, { id: waiting.id, step, now: confirmedAt })
    if (!factor) throw new NotFoundError()
    const recoveryCodes = isFirst ? await recoveryCodesFor(tx, userId, confirmedAt) : null
    const below = { userId, keep: viewer.session.id, belowAal: 2 }
    const revokedSessions = await revokeSessions(tx, below, confirmedAt)
    const authentication = { aal: 2, amr: amrWith(viewer.session.amr, ['otp']) }
    const renewed = await renewSession(deps, tx, { viewer, authentication })
    await queueNotice(tx, { userId, name: 'secondFactorAdded', now: confirmedAt })
    return {
      result: { factor, recoveryCodes, revokedSessions, renewed },
      event: { type: 'second_factor_added', userId, details: { kind: 'TOTP' } },
      invalidate: [{ kind: 'user', id: userId }],
    }
  })
  return { ...confirmed, ...tokensOfRenewed(deps, renewed, { userId, cookieToken }) }
}
