import type { ClientInfo, Deps, IssuedTokens, Viewer } from './deps'
import { commit } from './steps/commit'
import { InputReader } from './steps/inputReader'
import { changedSinceCheck, requireCurrentPassword } from './steps/currentPassword'
import { stepUpMethods } from './steps/recentProof'
import { type RenewedSession, renewSession, tokensOfRenewed } from './steps/renewSession'
import {
  type SecondFactorProof,
  admitProof,
  amrWith,
  readSecondFactorProof,
  refundProof,
  refuseProof,
  useProof,
} from './steps/secondFactor'
import { UnauthenticatedError } from '../errors/requestErrors'
import type { StepUpMethod } from '../errors/userErrors'
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

/**
 * Authenticates the viewer again, with a second factor if the account has one. The session gets new tokens. Throws
 * InvalidInputError, InvalidCredentialsError, RateLimitedError or OverloadedError.
 */
export async function stepUp(
  deps: Needs,
  request: StepUpRequest,
  input: { password?: string | null; totp?: string | null; recoveryCode?: string | null },
): Promise<{ session: SessionView; tokens: IssuedTokens; isCookieSession: boolean }> {
  const { viewer, cookieToken } = request
  const userId = viewer.account.id
  const { password, proof } = readInput(input)
  await requireAccepted(deps, userId, proof?.kind ?? 'PASSWORD')
  const renewed = proof ? await byFactor(deps, request, proof) : await byPassword(deps, request, password)
  return { session: renewed.session, ...tokensOfRenewed(deps, renewed, { userId, cookieToken }) }
}

function readInput(input: { password?: string | null; totp?: string | null; recoveryCode?: string | null }) {
  const read = new InputReader()
  const given = input.password ?? null
  const proof = readSecondFactorProof(read, input)
  if (proof && given !== null) read.refuse('password', 'UNSUPPORTED')
  const password = proof ? '' : read.password('password', given ?? '')
  read.done()
  return { password, proof }
}

const FIELDS = { PASSWORD: 'password', TOTP: 'totp', RECOVERY_CODE: 'recoveryCode' } as const

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

async function byFactor(
  deps: Needs,
  { client, viewer }: StepUpRequest,
  proof: SecondFactorProof,
): Promise<RenewedSession> {
  const userId = viewer.account.id
  const charges = await admitProof(deps, client, userId)
  const renewed = await commit(deps, client, async (tx) => {
    if (!(await lockUser(tx, userId))) throw new UnauthenticatedError('the account is gone')
    if (!(await useProof(deps, tx, { userId, proof }))) return { result: null, event: null, invalidate: [] }
    const authentication = { aal: 2, amr: amrWith(viewer.session.amr, proof.kind) }
    const result = await renewSession(deps, tx, { viewer, authentication })
    return { result, ...recordOf(viewer, proof.kind) }
  })
  if (!renewed) return refuseProof(deps, client, { userId, kind: proof.kind })
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
