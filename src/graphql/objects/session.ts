import { Field, ID, ObjectType } from 'type-graphql'
import type { SessionView } from '../../services/deps'

@ObjectType('Session')
export class SessionType {
  @Field(() => ID)
  id: string

  @Field()
  createdAt: Date

  @Field()
  lastSeenAt: Date

  @Field()
  expiresAt: Date

  @Field(() => String, { nullable: true })
  ipAddress: string | null

  @Field(() => String, { nullable: true })
  userAgent: string | null

  @Field({ description: 'True for the session that makes this request.' })
  current: boolean

  static of(session: SessionView, currentId: string): SessionType {
    return Object.assign(new SessionType(), session, { current: session.id === currentId })
  }
}
