import { MAIL, SECOND_FACTOR } from '../../config/defaults'
import { readRecoveryCode, recoveryCodeDigest } from '../../crypto/recoveryCode'
import { readTotpCode, stepsOfCode } from '../../crypto/totp'
import { unsealTotpSecret } from '../../crypto/totpSeal'
import { RateLimitedError, type SecondFactorKind, WrongCodeError } from '../../errors/userErrors'
import { later } from '../../lib/clock'
import type { Budget, Charge } from '../../ratelimit/rateLimiter'
import { countAuditEvents } from '../../store/auditEvents'
import type { Transaction } from '../../store/database'
import { queueMail } from '../../store/outbox'
import {
  type FactorState,
  countRecoveryCodes,
  countSecondFactorFailure,
  findFactorState,
  forgetSecondFactorFailures,
  updateSealedSecret,
  useRecoveryCode,
  useTotpStep,
} from '../../store/secondFactors'
import { findUser, lockUser } from '../../store/users'
import type { ClientInfo, Deps } from '../deps'
import { commit } from './commit'
import type { InputReader } from './inputReader'

type Needs = Pick<
  Deps,
  'clock' | 'database' | 'secrets' | 'limiter' | 'sessionCache' | 'logger' | 'sampledLog' | 'metrics'
>

/** A proof in the form that is compared. */
export interface SecondFactorProof {
  kind: SecondFactorKind
  code: string
}

/** Wrong proofs of one user over all challenges. */
const WRONG_PROOFS: readonly Budget[] = [
  { name: 'wrong-second-factor:1h', max: SECOND_FACTOR.wrongPerHour, window: 3_600_000 },
  { name: 'wrong-second-factor:1d', max: SECOND_FACTOR.wrongPerDay, window: 86_400_000 },
]

/** The proofs that an account accepts, the strongest first; null if it has no second factor. */
export function factorMethods(
  deps: Pick<Deps, 'secrets' | 'logger' | 'sampledLog'>,
  { factors, codesLeft }: FactorState,
): SecondFactorKind[] | null {
  if (factors.length === 0) return null
  const methods: SecondFactorKind[] = openFactors(deps, factors).length > 0 ? ['TOTP'] : []
  return codesLeft > 0 ? [...methods, 'RECOVERY_CODE'] : methods
}

/** The factors whose secret can be unsealed. If SECRET was lost, none can; recovery codes do not need it. */
function openFactors(
  { secrets, logger, sampledLog }: Pick<Deps, 'secrets' | 'logger' | 'sampledLog'>,
  factors: FactorState['factors'],
) {
  return factors.flatMap((factor) => {
    const opened = unsealTotpSecret(secrets, factor.id, factor.secretSealed)
    if (!opened) sampledLog(logger, { event: 'totp_secret_refused', factorId: factor.id })
    return opened ? [{ ...factor, ...opened }] : []
  })
}

/** The one proof of an input. Records a problem if there is none, more than one, or a malformed one. */
export function readSecondFactorProof(
  read: InputReader,
  input: { totp?: string | null | undefined; recoveryCode?: string | null | undefined },
): SecondFactorProof | null {
  const { totp = null, recoveryCode = null } = input
  if (totp !== null && recoveryCode !== null) read.refuse('recoveryCode', 'UNSUPPORTED')
  if (totp !== null) return { kind: 'TOTP', code: readTotpCode(totp) ?? read.refuse('totp', 'INVALID_FORMAT') }
  if (recoveryCode === null) return null
  const code = readRecoveryCode(recoveryCode) ?? read.refuse('recoveryCode', 'INVALID_FORMAT')
  return { kind: 'RECOVERY_CODE', code }
}

/**
 * Counts a proof as wrong before it is compared, so that parallel guesses cannot exceed the limits. Returns the charges to
 * refund if the proof is right. Throws a RateLimitedError.
 */
export async function admitProof(deps: Needs, client: ClientInfo, userId: string): Promise<Charge[]> {
  const { database, limiter } = deps
  const charges = WRONG_PROOFS.map((budget) => ({ budget, subject: userId }))
  const wait = await limiter.consume(charges, client.log)
  if (wait > 0) throw new RateLimitedError(wait)
  if (await countSecondFactorFailure(database.prisma, userId, SECOND_FACTOR.wrongInARow)) return charges
  throw new RateLimitedError(SECOND_FACTOR.closedRetryAfter)
}

/**
 * Consumes a proof: of concurrent calls only one gets true. Resets the consecutive failures, so call it with the account
 * locked. Notifies the owner of a used recovery code.
 */
export async function useProof(
  deps: Needs,
  tx: Transaction,
  { userId, proof }: { userId: string; proof: SecondFactorProof },
): Promise<boolean> {
  const use = proof.kind === 'TOTP' ? useTotp : useCode
  const isRight = await use(deps, tx, { userId, code: proof.code })
  if (isRight) await forgetSecondFactorFailures(tx, userId)
  return isRight
}

async function useTotp(
  deps: Needs,
  tx: Transaction,
  { userId, code }: { userId: string; code: string },
): Promise<boolean> {
  const now = deps.clock.now()
  const { factors } = await findFactorState(tx, userId)
  for (const { id, secretSealed, secret, resealed } of openFactors(deps, factors)) {
    for (const step of stepsOfCode(secret, code, now)) {
      if (!(await useTotpStep(tx, { id, step, now }))) continue
      if (resealed) await updateSealedSecret(tx, { id, secretSealed, resealed })
      return true
    }
  }
  return false
}

async function useCode(
  { clock }: Needs,
  tx: Transaction,
  { userId, code }: { userId: string; code: string },
): Promise<boolean> {
  const now = clock.now()
  const codeHash = recoveryCodeDigest(userId, code)
  // Without a factor recovery codes do not count; they are deleted with the last one.
  if (!(await useRecoveryCode(tx, { userId, codeHash, now }))) return false
  const codesLeft = await countRecoveryCodes(tx, userId)
  const name = codesLeft <= SECOND_FACTOR.fewRecoveryCodes ? 'recoveryCodesLow' : 'recoveryCodeUsed'
  await queueNotice(tx, { userId, name, now })
  return true
}

/** Refunds the charges of a right proof. If that fails, the operation must still succeed. */
export function refundProof({ limiter, sampledLog }: Needs, client: ClientInfo, charges: readonly Charge[]): void {
  limiter.refund(charges).catch(() => sampledLog(client.log, { event: 'rate_limit_refund_failed' }))
}

/**
 * Records a wrong proof. The fifth within an hour warns the owner: the client knows the password, or has a session
 * (ASVS 6.3.5). Always throws a WrongCodeError.
 */
export async function refuseProof(
  deps: Needs,
  client: ClientInfo,
  { userId, kind }: { userId: string; kind: SecondFactorKind },
): Promise<never> {
  await commit(deps, client, async (tx, now) => {
    await lockUser(tx, userId) // serializes parallel failures, so that exactly one is the fifth
    const since = later(now, -SECOND_FACTOR.warnWindow)
    const before = await countAuditEvents(tx, { userId, type: 'second_factor_failed', since })
    if (before + 1 === SECOND_FACTOR.warnAfter) await queueNotice(tx, { userId, name: 'secondFactorGuessed', now })
    return { result: undefined, event: { type: 'second_factor_failed', userId, details: { kind } }, invalidate: [] }
  })
  deps.metrics.secondFactorProofs.inc({ kind, outcome: 'wrong' })
  throw new WrongCodeError()
}

type Notice =
  | 'secondFactorAdded'
  | 'secondFactorRemoved'
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

/** The methods of a session after a second factor (RFC 8176): `otp` for a code of an app, none for a recovery code. */
export function amrWith(amr: readonly string[], kind: SecondFactorKind): string[] {
  return [...new Set([...amr, ...(kind === 'TOTP' ? ['otp'] : []), 'mfa'])]
}
