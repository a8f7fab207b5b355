import { Arg, Ctx, Field, ID, InputType, Int, Mutation, ObjectType, Resolver } from 'type-graphql'
import { InvalidInputError, NotFoundError } from '../../../errors/userErrors'
import type { Actor } from '../../../services/deps'
import { type Replay, replayDeliveries } from '../../../services/replayDeliveries'
import { CurrentActor, type OperatorContext } from '../context'
import { operatorResultOf } from '../objects/errors'

@InputType({ description: 'One delivery; or those of an endpoint that were given up, of events since then.' })
class ReplayDeliveriesInput {
  @Field(() => ID, { nullable: true, description: 'Also one that was taken.' })
  deliveryId?: string | null

  @Field(() => ID, { nullable: true })
  endpointId?: string | null

  @Field(() => Date, { nullable: true })
  since?: Date | null
}

@ObjectType()
class ReplayDeliveriesSuccess {
  @Field(() => Int)
  replayed: number
}

const ReplayDeliveriesResult = operatorResultOf('ReplayDeliveriesResult', ReplayDeliveriesSuccess)

@Resolver()
export class ReplayDeliveriesMutation {
  @Mutation(() => ReplayDeliveriesResult, { description: 'Sends events again; their ids stay the same.' })
  async replayDeliveries(
    @Ctx() { deps }: OperatorContext,
    @CurrentActor() actor: Actor,
    @Arg('input', () => ReplayDeliveriesInput) input: ReplayDeliveriesInput,
  ) {
    const which = replayOf(input)
    const replayed = await replayDeliveries(deps, actor, which)
    if (replayed === 0 && 'deliveryId' in which) throw new NotFoundError()
    return { replayed }
  }
}

function replayOf({ deliveryId, endpointId, since }: ReplayDeliveriesInput): Replay {
  if (deliveryId) {
    if (endpointId || since) throw new InvalidInputError([{ field: 'deliveryId', code: 'UNSUPPORTED' }])
    return { deliveryId }
  }
  if (!endpointId) throw new InvalidInputError([{ field: 'endpointId', code: 'REQUIRED' }])
  if (!since) throw new InvalidInputError([{ field: 'since', code: 'REQUIRED' }])
  return { endpointId, since }
}
