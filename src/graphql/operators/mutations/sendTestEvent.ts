import { Arg, Ctx, Field, ID, InputType, Mutation, ObjectType, Resolver } from 'type-graphql'
import { NotFoundError } from '../../../errors/userErrors'
import type { Actor } from '../../../services/deps'
import { sendTestEvent } from '../../../services/sendTestEvent'
import { CurrentActor, type OperatorContext } from '../context'
import { operatorResultOf } from '../objects/errors'

@InputType()
class SendTestEventInput {
  @Field(() => ID)
  endpointId: string
}

@ObjectType()
class SendTestEventSuccess {
  @Field(() => ID, { description: '`webhookDeliveries` shows what became of it.' })
  deliveryId: string
}

const SendTestEventResult = operatorResultOf('SendTestEventResult', SendTestEventSuccess)

@Resolver()
export class SendTestEventMutation {
  @Mutation(() => SendTestEventResult, { description: 'Queues a `webhook.test` for an endpoint.' })
  async sendTestEvent(
    @Ctx() { deps }: OperatorContext,
    @CurrentActor() actor: Actor,
    @Arg('input', () => SendTestEventInput) { endpointId }: SendTestEventInput,
  ) {
    const deliveryId = await sendTestEvent(deps, actor, endpointId)
    if (deliveryId === null) throw new NotFoundError()
    return { deliveryId }
  }
}
