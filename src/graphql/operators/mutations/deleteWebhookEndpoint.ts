import { Arg, Ctx, Field, ID, InputType, Mutation, ObjectType, Resolver } from 'type-graphql'
import { NotFoundError } from '../../../errors/userErrors'
import { deleteWebhookEndpoint } from '../../../services/deleteWebhookEndpoint'
import type { Actor } from '../../../services/deps'
import { CurrentActor, type OperatorContext } from '../context'
import { operatorResultOf } from '../objects/errors'

@InputType()
class DeleteWebhookEndpointInput {
  @Field(() => ID)
  endpointId: string
}

@ObjectType()
class DeleteWebhookEndpointSuccess {
  @Field(() => ID)
  endpointId: string
}

const DeleteWebhookEndpointResult = operatorResultOf('DeleteWebhookEndpointResult', DeleteWebhookEndpointSuccess)

@Resolver()
export class DeleteWebhookEndpointMutation {
  @Mutation(() => DeleteWebhookEndpointResult, { description: 'Deletes an endpoint with its deliveries.' })
  async deleteWebhookEndpoint(
    @Ctx() { deps }: OperatorContext,
    @CurrentActor() actor: Actor,
    @Arg('input', () => DeleteWebhookEndpointInput) { endpointId }: DeleteWebhookEndpointInput,
  ) {
    if (!(await deleteWebhookEndpoint(deps, actor, endpointId))) throw new NotFoundError()
    return { endpointId }
  }
}
