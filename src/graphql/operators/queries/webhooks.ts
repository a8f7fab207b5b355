import { Args, ArgsType, Ctx, Field, ID, InputType, Int, Query, Resolver } from 'type-graphql'
import { OPERATOR } from '../../../config/operatorDefaults'
import type { DeliveryState } from '../../../services/deps'
import { listWebhookDeliveries, listWebhookEndpoints } from '../../../services/operatorReads'
import { connectionOf } from '../../objects/connection'
import { pageOf } from '../../pages'
import { withoutNulls } from '../../withoutNulls'
import type { OperatorContext } from '../context'
import { DeliveryStateEnum, WebhookDeliveryConnection, WebhookDeliveryType } from '../objects/webhookDelivery'
import { WebhookEndpointType } from '../objects/webhookEndpoint'

@InputType('DeliveryFilter')
class DeliveryFilterInput {
  @Field(() => ID, { nullable: true })
  endpointId?: string | null

  @Field(() => String, { nullable: true, description: 'Of events, as in `user.registered`.' })
  type?: string | null

  @Field(() => DeliveryStateEnum, { nullable: true })
  state?: DeliveryState | null
}

@ArgsType()
class DeliveriesArgs {
  @Field(() => DeliveryFilterInput, { nullable: true })
  filter?: DeliveryFilterInput | null

  @Field(() => Int, { defaultValue: 50 })
  first: number

  @Field(() => String, { nullable: true })
  after?: string | null
}

@Resolver()
export class WebhooksQuery {
  @Query(() => [WebhookEndpointType], { description: 'Where webhooks go, the oldest first, without the secrets.' })
  async webhookEndpoints(@Ctx() { deps }: OperatorContext) {
    return (await listWebhookEndpoints(deps)).map((endpoint) => WebhookEndpointType.of(endpoint))
  }

  @Query(() => WebhookDeliveryConnection, { description: 'Deliveries of the last 30 days, the newest first.' })
  async webhookDeliveries(
    @Ctx() { deps }: OperatorContext,
    @Args(() => DeliveriesArgs) { filter, ...size }: DeliveriesArgs,
  ) {
    const page = pageOf(size, OPERATOR.maxPage)
    const deliveries = await listWebhookDeliveries(deps, withoutNulls<DeliveryFilterInput>(filter), page)
    return connectionOf(deliveries, page.first, (delivery) => WebhookDeliveryType.of(delivery))
  }
}
