import { Arg, Ctx, Field, ID, InputType, Mutation, ObjectType, Resolver } from 'type-graphql'
import { NotFoundError } from '../../../errors/userErrors'
import type { Actor } from '../../../services/deps'
import { updateWebhookEndpoint } from '../../../services/updateWebhookEndpoint'
import { withoutNulls } from '../../withoutNulls'
import { CurrentActor, type OperatorContext } from '../context'
import { operatorResultOf } from '../objects/errors'
import { WebhookEndpointType } from '../objects/webhookEndpoint'

@InputType({ description: 'What is left out stays as it is.' })
class UpdateWebhookEndpointInput {
  @Field(() => ID)
  endpointId: string

  @Field(() => String, { nullable: true })
  url?: string | null

  @Field(() => [String], { nullable: true })
  events?: string[] | null

  @Field(() => [String], { nullable: true })
  include?: string[] | null

  @Field(() => String, { nullable: true })
  description?: string | null

  @Field(() => Boolean, { nullable: true, description: 'true also sends what has waited.' })
  enabled?: boolean | null
}

@ObjectType()
class UpdateWebhookEndpointSuccess {
  @Field(() => WebhookEndpointType)
  endpoint: WebhookEndpointType
}

const UpdateWebhookEndpointResult = operatorResultOf('UpdateWebhookEndpointResult', UpdateWebhookEndpointSuccess)

@Resolver()
export class UpdateWebhookEndpointMutation {
  @Mutation(() => UpdateWebhookEndpointResult, { description: 'Changes, disables or enables an endpoint.' })
  async updateWebhookEndpoint(
    @Ctx() { deps }: OperatorContext,
    @CurrentActor() actor: Actor,
    @Arg('input', () => UpdateWebhookEndpointInput) { endpointId: id, ...change }: UpdateWebhookEndpointInput,
  ) {
    const endpoint = await updateWebhookEndpoint(deps, actor, { id, ...withoutNulls(change) })
    if (!endpoint) throw new NotFoundError()
    return { endpoint: WebhookEndpointType.of(endpoint) }
  }
}
