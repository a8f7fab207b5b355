import type { ClientInfo, Deps, IssuedTokens, Viewer } from './deps'
import { commit } from './steps/commit'
import { InputReader } from './steps/inputReader'
import { changedSinceCheck, requireCurrentPassword } from './steps/currentPassword'
import { stepUpMethods } from './steps/recentProof'
import { type RenewedSession, renewSession, tokensOfRenewed } from './steps/renewSession'
import { consumePasskeyChallenge, warnOfCopy } from './steps/passkeyProof'
import {
  type SecondFactorInput,
  type SecondFactorProof,
  admitProof,
  amrWith,
  comparableProof,
  methodsOf,
  readSecondFactorProof,
  refundProof,
  refuseProof,
  useProof,
} from './steps/secondFactor'
import { UnauthenticatedError } from '../errors/requestErrors'
import { ExpiredTokenError, InvalidTokenError, type StepUpMethod } from '../errors/userErrors'
import { findFactorState } from '../store/secondFactors'
import type { SessionView } from '../store/sessions'
import { lockIfPasswordUnchanged, lockUser } from '../store/users'

type Needs = Pick<
  Deps,
  | 'clock'
  | 'config'
  | 'database'
  | 'hasher'
  | 'secrets'
  | 'accessTokens'
  | 'sessionCache'
  | 'limiter'
  | 'logger'
  | 'sampledLog'
  | 'metrics'
>
interface StepUpRequest {
  client: ClientInfo
  viewer: Viewer
  /** The refresh token in the browser's cookie, if it sent one. */
  cookieToken: string | null
}

/** `challenge`, for a passkey, is one of `startPasskeyLogin`. */
type StepUpInput = SecondFactorInput & { password?: string | null; challenge?: string | null }

/**
 * Authenticates the viewer again, with a second factor if the account has one. The session gets new tokens. Throws
 * InvalidInputError, InvalidTokenError, InvalidCredentialsError, RateLimitedError or OverloadedError.
 */
export async function stepUp(
  deps: Needs,
  request: StepUpRequest,
  input: StepUpInput,
): Promise<{ session: SessionView; tokens: IssuedTokens; isCookieSession: boolean }> {
  const { viewer, cookieToken } = request
  const userId = viewer.account.id
  const { password, proof } = readInput(input)
  await requireAccepted(deps, userId, proof?.kind ?? 'PASSWORD')
  const renewed = proof
    ? await byFactor(deps, request, { proof, challenge: input.challenge ?? '' })
    : await byPassword(deps, request, password)
  return { session: renewed.session, ...tokensOfRenewed(deps, renewed, { userId, cookieToken }) }
}

function readInput(input: StepUpInput) {
  const read = new InputReader()
  const given = input.password ?? null
  const proof = readSecondFactorProof(read, input)
  if (proof?.kind === 'PASSKEY' && !input.challenge) read.refuse('challenge', 'REQUIRED')
  if (proof && given !== null) read.refuse('password', 'UNSUPPORTED')
  const password = proof ? '' : read.password('password', given ?? '')
  read.done()
  return { password, proof }
}

const FIELDS = { PASSWORD: 'password', PASSKEY: 'passkey', TOTP: 'totp', RECOVERY_CODE: 'recoveryCode' } as const

async function requireAccepted(deps: Needs, userId: string, method: StepUpMethod): Promise<void> {
  const accepted = stepUpMethods(deps, await findFactorState(deps.database.prisma, userId))
  const read = new InputReader()
  if (!accepted.includes(method)) read.refuse(FIELDS[method], 'UNSUPPORTED')
  read.done()
}

async function byPassword(deps: Needs, { client, viewer }: StepUpRequest, password: string): Promise<RenewedSession> {
  const user = await requireCurrentPassword(deps, { client, viewer }, password)
  const { aal, amr } = viewer.session
  return commit(deps, client, async (tx) => {
    if (!(await lockIfPasswordUnchanged(tx, user))) throw await changedSinceCheck(tx, user.id)
    const result = await renewSession(deps, tx, { viewer, authentication: { aal, amr } })
    return { result, ...recordOf(viewer, 'PASSWORD') }
  })
}

/** The result of a step-up knows no expired token: it counts as invalid. */
async function consumeChallenge(deps: Needs, challenge: string): Promise<void> {
  try {
    await consumePasskeyChallenge(deps, 'PASSKEY_LOGIN', challenge)
  } catch (error) {
    throw error instanceof ExpiredTokenError ? new InvalidTokenError() : error
  }
}

async function byFactor(
  deps: Needs,
  { client, viewer }: StepUpRequest,
  { proof, challenge }: { proof: SecondFactorProof; challenge: string },
): Promise<RenewedSession> {
  const userId = viewer.account.id
  if (proof.kind === 'PASSKEY') await consumeChallenge(deps, challenge)
  const charges = await admitProof(deps, client, userId)
  const compared = await comparableProof(deps, client, { proof, challenge, userId })
  if (!compared) return refuseProof(deps, client, { userId, kind: proof.kind })
  const renewed = await commit(deps, client, async (tx) => {
    if (!(await lockUser(tx, userId))) throw new UnauthenticatedError('the account is gone')
    if (!(await useProof(deps, tx, { userId, proof: compared }))) return { result: null, event: null, invalidate: [] }
    const authentication = { aal: 2, amr: amrWith(viewer.session.amr, methodsOf(compared)) }
    const result = await renewSession(deps, tx, { viewer, authentication })
    return { result, ...recordOf(viewer, proof.kind) }
  })
  if (!renewed) {
    if (compared.kind === 'PASSKEY') await warnOfCopy(deps, client, compared)
    return refuseProof(deps, client, { userId, kind: proof.kind })
  }
  refundProof(deps, client, charges)
  deps.metrics.secondFactorProofs.inc({ kind: proof.kind, outcome: 'right' })
  return renewed
}

function recordOf({ account, session }: Viewer, method: StepUpMethod) {
  return {
    event: { type: 'stepped_up' as const, userId: account.id, details: { method } },
    invalidate: [{ kind: 'session' as const, id: session.id }],
  }
}
