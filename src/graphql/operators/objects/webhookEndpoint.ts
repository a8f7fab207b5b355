import { Field, ID, ObjectType } from 'type-graphql'
import { CONFIGURED_ENDPOINT_ID } from '../../../services/configuredWebhook'
import type { WebhookEndpoint } from '../../../services/deps'

/** An endpoint without its secrets. */
@ObjectType('WebhookEndpoint')
export class WebhookEndpointType {
  @Field(() => ID)
  id: string

  @Field()
  url: string

  @Field(() => [String], { description: 'The types of events that it gets; none: all of them.' })
  events: string[]

  @Field(() => [String], { description: 'Personal data that its events carry: `email`.' })
  include: string[]

  @Field()
  description: string

  @Field()
  createdAt: Date

  @Field({ description: 'Of WEBHOOK_URL: the environment says what it is.' })
  configured: boolean

  @Field()
  enabled: boolean

  @Field(() => Date, { nullable: true })
  disabledAt: Date | null

  @Field(() => String, {
    nullable: true,
    description:
      '`OPERATOR`: by somebody. `GONE`: it answered 410. `FAILING`: five days without a success. `NOT_CONFIGURED`: no WEBHOOK_URL.',
  })
  disabledReason: string | null

  @Field(() => Date, { nullable: true, description: 'The first failure since the last success.' })
  failingSince: Date | null

  static of(endpoint: WebhookEndpoint): WebhookEndpointType {
    const { id, disabledAt } = endpoint
    const state = { configured: id === CONFIGURED_ENDPOINT_ID, enabled: disabledAt === null }
    return Object.assign(new WebhookEndpointType(), endpoint, state)
  }
}
