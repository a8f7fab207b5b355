import { factorMethods } from './secondFactor'
import { STEP_UP } from '../../config/defaults'
import { StepUpRequiredError, type StepUpMethod } from '../../errors/userErrors'
import { later } from '../../lib/clock'
import { type FactorState, findFactorState, hasSecondFactor } from '../../store/secondFactors'
import type { Deps, Viewer } from '../deps'

type Needs = Pick<Deps, 'clock' | 'database' | 'secrets' | 'logger' | 'sampledLog'>

/**
 * Requires that the viewer authenticated within ten minutes, with a second factor if the account has one (ASVS 7.5.1): a
 * stolen session must not be able to lock its owner out. Throws a StepUpRequiredError.
 */
export async function requireRecentProof(deps: Needs, viewer: Viewer): Promise<FactorState> {
  const state = await findFactorState(deps.database.prisma, viewer.account.id)
  requireRecent(deps, viewer, state)
  return state
}

/** The same for operations that also check the password, which suffices if the account has no second factor. */
export async function requireRecentSecondFactor(deps: Needs, viewer: Viewer): Promise<void> {
  const state = await findFactorState(deps.database.prisma, viewer.account.id)
  if (hasSecondFactor(state)) requireRecent(deps, viewer, state)
}

/** The proofs that `stepUp` accepts: the password only if the account has no second factor. */
export function stepUpMethods(
  deps: Pick<Deps, 'secrets' | 'logger' | 'sampledLog'>,
  state: FactorState,
): StepUpMethod[] {
  return factorMethods(deps, state) ?? ['PASSWORD']
}

function requireRecent(deps: Needs, { session }: Viewer, state: FactorState): void {
  const level = hasSecondFactor(state) ? 2 : 1
  const isRecent = session.authenticatedAt > later(deps.clock.now(), -STEP_UP.maxAge)
  if (isRecent && session.aal >= level) return
  throw new StepUpRequiredError(stepUpMethods(deps, state), STEP_UP.maxAge / 1000)
}
