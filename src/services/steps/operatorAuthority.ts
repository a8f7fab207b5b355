import { stepUpMethods } from './recentProof'
import { OPERATOR } from '../../config/operatorDefaults'
import { ForbiddenError } from '../../errors/requestErrors'
import { ForbiddenScopeError, StepUpRequiredError } from '../../errors/userErrors'
import { later } from '../../lib/clock'
import type { ServiceScope } from '../../lib/serviceScopes'
import { findFactorState, hasSecondFactor } from '../../store/secondFactors'
import type { Deps, Viewer } from '../deps'
import type { OperatorCaller } from '../operatorCaller'

type Needs = Pick<Deps, 'clock' | 'database' | 'secrets' | 'logger' | 'sampledLog'>

/**
 * Requires that the caller may use a field: a service key by its scope; a person with two factors, for a change as operator and
 * within OPERATOR.maxAge of the login. `scope` null: people only. Throws ForbiddenError, ForbiddenScopeError or
 * StepUpRequiredError.
 */
export async function requireAuthority(
  deps: Needs,
  caller: OperatorCaller,
  field: { scope: ServiceScope | null; writes: boolean },
): Promise<void> {
  if (caller.kind === 'service') {
    if (field.scope === null || !caller.scopes.includes(field.scope)) throw new ForbiddenScopeError(field.scope)
    return
  }
  if (field.writes && !caller.mayWrite) throw new ForbiddenError('an auditor changes nothing')
  const { session } = caller.viewer
  const isFresh = session.authenticatedAt > later(deps.clock.now(), -OPERATOR.maxAge)
  if (session.aal < 2 || (field.writes && !isFresh)) throw await stepUpRequired(deps, caller.viewer)
}

/** Without a second factor no step-up suffices: the list of methods is empty, and the operator enrols one first. */
async function stepUpRequired(deps: Needs, { account }: Viewer): Promise<StepUpRequiredError> {
  const state = await findFactorState(deps.database.prisma, account.id)
  const methods = hasSecondFactor(state) ? stepUpMethods(deps, state) : []
  return new StepUpRequiredError(methods, OPERATOR.maxAge / 1000)
}
