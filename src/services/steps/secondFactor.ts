import { SECOND_FACTOR } from '../../config/defaults'
import { readRecoveryCode, recoveryCodeDigest } from '../../crypto/recoveryCode'
import { readTotpCode, stepsOfCode } from '../../crypto/totp'
import { unsealTotpSecret } from '../../crypto/totpSeal'
import { PasskeyRefusedError, RateLimitedError, type SecondFactorKind, WrongCodeError } from '../../errors/userErrors'
import { later } from '../../lib/clock'
import type { Budget, Charge } from '../../ratelimit/rateLimiter'
import { countAuditEvents } from '../../store/auditEvents'
import type { Transaction } from '../../store/database'
import {
  type FactorState,
  countRecoveryCodes,
  countSecondFactorFailure,
  findFactorState,
  forgetSecondFactorFailures,
  hasSecondFactor,
  updateSealedSecret,
  useRecoveryCode,
  useTotpStep,
} from '../../store/secondFactors'
import { lockUser } from '../../store/users'
import type { ClientInfo, Deps } from '../deps'
import { commit } from './commit'
import { queueNotice } from './queueNotice'
import type { InputReader } from './inputReader'
import { type PasskeyProof, methodsOfPasskey, usePasskey, verifyPasskey } from './passkeyProof'

type Needs = Pick<
  Deps,
  'clock' | 'database' | 'secrets' | 'limiter' | 'sessionCache' | 'logger' | 'sampledLog' | 'metrics'
>

interface CodeProof {
  kind: 'TOTP' | 'RECOVERY_CODE'
  code: string
}

/** A proof as the client sent it. */
export type SecondFactorProof = CodeProof | { kind: 'PASSKEY'; response: Record<string, unknown> }

/** A proof in the form that is compared in the transaction. */
export type ComparableProof = CodeProof | PasskeyProof

/** Wrong proofs of one user over all challenges. */
const WRONG_PROOFS: readonly Budget[] = [
  { name: 'wrong-second-factor:1h', max: SECOND_FACTOR.wrongPerHour, window: 3_600_000 },
  { name: 'wrong-second-factor:1d', max: SECOND_FACTOR.wrongPerDay, window: 86_400_000 },
]

/** The proofs that an account accepts, the strongest first; null if it has no second factor. */
export function factorMethods(
  deps: Pick<Deps, 'secrets' | 'logger' | 'sampledLog'>,
  state: FactorState,
): SecondFactorKind[] | null {
  const { factors, passkeys, codesLeft } = state
  if (!hasSecondFactor(state)) return null
  const methods: SecondFactorKind[] = [
    ...(passkeys > 0 ? ['PASSKEY' as const] : []),
    ...(openFactors(deps, factors).length > 0 ? ['TOTP' as const] : []),
  ]
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

export interface SecondFactorInput {
  totp?: string | null | undefined
  recoveryCode?: string | null | undefined
  /** A response of `navigator.credentials.get`. */
  passkey?: Record<string, unknown> | null | undefined
}

/** The one proof of an input. Records a problem if there is none, more than one, or a malformed one. */
export function readSecondFactorProof(read: InputReader, input: SecondFactorInput): SecondFactorProof | null {
  const { totp = null, recoveryCode = null, passkey = null } = input
  if (totp !== null && recoveryCode !== null) read.refuse('recoveryCode', 'UNSUPPORTED')
  if (passkey !== null && (totp ?? recoveryCode) !== null) read.refuse('passkey', 'UNSUPPORTED')
  if (passkey !== null) return { kind: 'PASSKEY', response: passkey }
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

/** Verifies what takes longer than a transaction should: the signature of a passkey, for this challenge. Null if it is refused. */
export async function comparableProof(
  deps: Needs & Pick<Deps, 'config'>,
  client: ClientInfo,
  { proof, challenge, userId }: { proof: SecondFactorProof; challenge: string; userId: string },
): Promise<ComparableProof | null> {
  if (proof.kind !== 'PASSKEY') return proof
  try {
    return await verifyPasskey(deps, client, { challenge, response: proof.response, userId })
  } catch (error) {
    if (error instanceof PasskeyRefusedError) return null
    throw error
  }
}

/**
 * Consumes a proof: of concurrent calls only one gets true. Resets the consecutive failures, so call it with the account
 * locked. Notifies the owner of a used recovery code.
 */
export async function useProof(
  deps: Needs,
  tx: Transaction,
  { userId, proof }: { userId: string; proof: ComparableProof },
): Promise<boolean> {
  const isRight = await useOf(deps, tx, { userId, proof })
  if (isRight) await forgetSecondFactorFailures(tx, userId)
  return isRight
}

function useOf(
  deps: Needs,
  tx: Transaction,
  { userId, proof }: { userId: string; proof: ComparableProof },
): Promise<boolean> {
  switch (proof.kind) {
    case 'PASSKEY':
      return usePasskey(tx, proof, deps.clock.now())
    case 'TOTP':
      return useTotp(deps, tx, { userId, code: proof.code })
    case 'RECOVERY_CODE':
      return useCode(deps, tx, { userId, code: proof.code })
  }
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
  throw kind === 'PASSKEY' ? new PasskeyRefusedError() : new WrongCodeError()
}

/** The methods of a session after a second factor that was proved by these (RFC 8176). */
export function amrWith(amr: readonly string[], methods: readonly string[]): string[] {
  return [...new Set([...amr, ...methods, 'mfa'])]
}

/** `otp` for a code of an app, none for a recovery code. */
export function methodsOf(proof: ComparableProof): string[] {
  if (proof.kind === 'PASSKEY') return methodsOfPasskey(proof.assertion)
  return proof.kind === 'TOTP' ? ['otp'] : []
}
