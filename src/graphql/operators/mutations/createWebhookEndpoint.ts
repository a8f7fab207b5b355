import { Arg, Ctx, Field, InputType, Mutation, ObjectType, Resolver } from 'type-graphql'
import { createWebhookEndpoint } from '../../../services/createWebhookEndpoint'
import type { Actor } from '../../../services/deps'
import { CurrentActor, type OperatorContext } from '../context'
import { operatorResultOf } from '../objects/errors'
import { WebhookEndpointType } from '../objects/webhookEndpoint'

@InputType()
class CreateWebhookEndpointInput {
  @Field({ description: 'https, and a public address.' })
  url: string

  @Field(() => [String], { defaultValue: [], description: 'The types of events that it gets; none: all of them.' })
  events: string[]

  @Field(() => [String], { defaultValue: [], description: 'Personal data that its events carry: `email`.' })
  include: string[]

  @Field({ defaultValue: '' })
  description: string
}

@ObjectType()
class CreateWebhookEndpointSuccess {
  @Field(() => WebhookEndpointType)
  endpoint: WebhookEndpointType

  @Field({ description: 'What the receiver verifies signatures with, shown this once.' })
  secret: string
}

const CreateWebhookEndpointResult = operatorResultOf('CreateWebhookEndpointResult', CreateWebhookEndpointSuccess)

@Resolver()
export class CreateWebhookEndpointMutation {
  @Mutation(() => CreateWebhookEndpointResult, { description: 'Sends events to a URL from now on.' })
  async createWebhookEndpoint(
    @Ctx() { deps }: OperatorContext,
    @CurrentActor() actor: Actor,
    @Arg('input', () => CreateWebhookEndpointInput) input: CreateWebhookEndpointInput,
  ) {
    const { endpoint, secret } = await createWebhookEndpoint(deps, actor, input)
    return { endpoint: WebhookEndpointType.of(endpoint), secret }
  }
}
