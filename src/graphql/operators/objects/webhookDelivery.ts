import { Field, ID, Int, ObjectType, registerEnumType } from 'type-graphql'
import type { DeliveryState, WebhookDeliveryView } from '../../../services/deps'
import { connectionType } from '../../objects/connection'

export const DeliveryStateEnum = {
  WAITING: 'WAITING',
  DELIVERED: 'DELIVERED',
  GIVEN_UP: 'GIVEN_UP',
} as const satisfies { [State in DeliveryState]: State }
registerEnumType(DeliveryStateEnum, {
  name: 'DeliveryState',
  valuesConfig: {
    WAITING: { description: 'For its next attempt, or for its endpoint to be enabled.' },
    DELIVERED: { description: 'The receiver answered 2xx.' },
    GIVEN_UP: { description: 'All attempts failed: `replayDeliveries` begins anew.' },
  },
})

/** One event for one endpoint. */
@ObjectType('WebhookDelivery')
export class WebhookDeliveryType {
  @Field(() => ID)
  id: string

  @Field(() => ID)
  endpointId: string

  @Field(() => ID, {
    description: 'The `webhook-id` that receivers see: the same for every attempt and every endpoint.',
  })
  eventId: string

  @Field()
  type: string

  @Field(() => DeliveryStateEnum)
  state: DeliveryState

  @Field(() => Int)
  attempts: number

  @Field(() => Int, { nullable: true, description: 'The status of the last answer.' })
  lastStatus: number | null

  @Field(() => String, { nullable: true, description: 'Why the last attempt had no answer.' })
  lastError: string | null

  @Field()
  createdAt: Date

  @Field(() => Date, { nullable: true })
  deliveredAt: Date | null

  @Field(() => Date, { nullable: true })
  nextAttemptAt: Date | null

  static of({ dueAt, ...delivery }: WebhookDeliveryView): WebhookDeliveryType {
    return Object.assign(new WebhookDeliveryType(), delivery, { nextAttemptAt: dueAt })
  }
}

export const WebhookDeliveryConnection = connectionType('WebhookDelivery', WebhookDeliveryType)
