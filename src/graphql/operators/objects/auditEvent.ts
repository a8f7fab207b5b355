import { GraphQLJSONObject } from 'graphql-scalars'
import { Field, ID, ObjectType } from 'type-graphql'
import { connectionType } from '../../objects/connection'

@ObjectType('AuditEvent')
export class AuditEventType {
  @Field(() => ID)
  id: string

  @Field({ description: 'docs/reference/events.md lists them.' })
  type: string

  @Field()
  createdAt: Date

  @Field(() => ID, { nullable: true, description: 'The account that it is about; null once that is deleted.' })
  userId: string | null

  @Field({ description: '`user`, `operator`, `service`, `cli` or `system`.' })
  actorKind: string

  @Field(() => ID, { nullable: true, description: 'The account of the operator, or the service key.' })
  actorId: string | null

  @Field(() => String, { nullable: true })
  ipAddress: string | null

  @Field(() => String, { nullable: true })
  userAgent: string | null

  @Field(() => ID, { nullable: true, description: 'The `X-Request-Id` of the answer, and `requestId` in the log.' })
  requestId: string | null

  @Field(() => GraphQLJSONObject)
  details: unknown
}

export const AuditEventConnection = connectionType('AuditEvent', AuditEventType)
