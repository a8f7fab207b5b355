import { Field, ID, Int, ObjectType } from 'type-graphql'
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

  @Field(() => Int, { description: '1 or 2, as in NIST SP 800-63B.' })
  assuranceLevel: number

  @Field({ description: 'When its user last proved who they are: at login, or by `stepUp`.' })
  authenticatedAt: Date

  @Field({ description: 'True for the session that makes this request.' })
  current: boolean

  static of(session: SessionView, currentId: string): SessionType {
    const { aal, ...view } = session
    return Object.assign(new SessionType(), view, { assuranceLevel: aal, current: session.id === currentId })
  }
}
