import { Field, ID, ObjectType, registerEnumType } from 'type-graphql'
import { connectionType } from './connection'
import type { SecurityEvent } from '../../services/deps'
import { SECURITY_EVENTS } from '../../services/listSecurityEvents'

const SecurityEventKind = Object.fromEntries(SECURITY_EVENTS.map((type) => [type.toUpperCase(), type]))
registerEnumType(SecurityEventKind, { name: 'SecurityEventType', description: 'Clients must expect further values.' })

@ObjectType('SecurityEvent')
class SecurityEventType implements SecurityEvent {
  @Field(() => ID)
  id: string

  @Field(() => SecurityEventKind)
  type: SecurityEvent['type']

  @Field()
  createdAt: Date

  @Field({ description: 'True if an operator did it: then no address and no device is shown.' })
  byOperator: boolean

  @Field(() => String, { nullable: true })
  ipAddress: string | null

  @Field(() => String, { nullable: true })
  userAgent: string | null
}

export const SecurityEventConnection = connectionType('SecurityEvent', SecurityEventType)
