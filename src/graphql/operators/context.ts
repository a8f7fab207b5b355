import { createParameterDecorator } from 'type-graphql'
import { UnauthenticatedError } from '../../errors/requestErrors'
import type { Actor, ClientInfo, Deps } from '../../services/deps'
import { type OperatorCaller, actorOf, operatorCaller } from '../../services/operatorCaller'
import { type ResponseMeta, bearerTokenOf } from '../context'

/** The context of one request to the operator API. */
export interface OperatorContext {
  deps: Deps
  client: ClientInfo
  response: ResponseMeta
  /** Looked up once, when first needed. Throws UnauthenticatedError, ForbiddenError or RateLimitedError. */
  caller: () => Promise<OperatorCaller>
}

export function createOperatorContext({
  deps,
  client,
  authorization,
}: {
  deps: Deps
  client: ClientInfo
  /** The Authorization header. */
  authorization: string | undefined
}): OperatorContext {
  let caller: Promise<OperatorCaller> | undefined
  return {
    deps,
    client,
    response: { retryAfter: null, refreshCookie: null },
    caller: () => (caller ??= findCaller(deps, client, authorization)),
  }
}

async function findCaller(deps: Deps, client: ClientInfo, authorization: string | undefined): Promise<OperatorCaller> {
  const token = bearerTokenOf(authorization)
  if (token === null) throw new UnauthenticatedError('no token')
  return operatorCaller(deps, client, token)
}

/** Who makes the change, as a parameter of a resolver. */
export function CurrentActor() {
  return createParameterDecorator<OperatorContext>(async ({ context }): Promise<Actor> =>
    actorOf(await context.caller(), context.client),
  )
}
