import { Field, ID, Int, ObjectType } from 'type-graphql'
import type { Account, SessionView } from '../../services/deps'

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

@ObjectType('User')
export class UserType {
  @Field(() => ID)
  id: string

  @Field({ description: 'Normalised: trimmed, lower case, domain in ASCII (IDNA).' })
  email: string

  @Field()
  emailVerified: boolean

  @Field(() => String, { nullable: true })
  displayName: string | null

  @Field({ description: 'BCP 47 tag; mails to this user are written in it.' })
  locale: string

  @Field()
  createdAt: Date

  /** Not a field: the session that asks, for `Session.current`. */
  currentSessionId: string

  static of(account: Account, currentSessionId: string): UserType {
    const { id, email, displayName, locale, createdAt } = account
    const emailVerified = account.emailVerifiedAt !== null
    return Object.assign(new UserType(), { id, email, emailVerified, displayName, locale, createdAt, currentSessionId })
  }
}

@ObjectType('Tokens')
export class TokensType {
  @Field({ description: 'A signed JWT: `Authorization: Bearer <accessToken>`.' })
  accessToken: string

  @Field()
  accessTokenExpiresAt: Date

  @Field(() => String, { nullable: true, description: 'Null where the transport is COOKIE.' })
  refreshToken: string | null

  @Field()
  refreshTokenExpiresAt: Date
}

@ObjectType('PasswordPolicy')
export class PasswordPolicyType {
  @Field(() => Int, { description: 'In characters (Unicode code points).' })
  minLength: number

  @Field(() => Int)
  maxLength: number

  @Field(() => Int, { description: 'Least accepted strength estimate, 0 to 4.' })
  minScore: number
}

@ObjectType('DevMail', { description: 'A mail as the development inbox holds it.' })
export class DevMailType {
  @Field()
  sentAt: Date

  @Field()
  to: string

  @Field()
  subject: string

  @Field()
  text: string

  @Field()
  html: string

  @Field(() => String, { nullable: true, description: "The link's token, where the mail carries one." })
  token: string | null
}
