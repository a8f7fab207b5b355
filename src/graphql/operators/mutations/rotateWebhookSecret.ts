import { Arg, Ctx, Field, ID, InputType, Mutation, ObjectType, Resolver } from 'type-graphql'
import { NotFoundError } from '../../../errors/userErrors'
import type { Actor } from '../../../services/deps'
import { rotateWebhookSecret } from '../../../services/rotateWebhookSecret'
import { CurrentActor, type OperatorContext } from '../context'
import { operatorResultOf } from '../objects/errors'

@InputType()
class RotateWebhookSecretInput {
  @Field(() => ID)
  endpointId: string
}

@ObjectType()
class RotateWebhookSecretSuccess {
  @Field(() => ID)
  endpointId: string

  @Field({ description: 'Shown this once.' })
  secret: string
}

const RotateWebhookSecretResult = operatorResultOf('RotateWebhookSecretResult', RotateWebhookSecretSuccess)

@Resolver()
export class RotateWebhookSecretMutation {
  @Mutation(() => RotateWebhookSecretResult, {
    description: 'Gives an endpoint another secret. For 24 hours the earlier one signs too.',
  })
  async rotateWebhookSecret(
    @Ctx() { deps }: OperatorContext,
    @CurrentActor() actor: Actor,
    @Arg('input', () => RotateWebhookSecretInput) { endpointId }: RotateWebhookSecretInput,
  ) {
    const secret = await rotateWebhookSecret(deps, actor, endpointId)
    if (secret === null) throw new NotFoundError()
    return { endpointId, secret }
  }
}
