import { GraphQLJSONObject } from 'graphql-scalars'
import { Field, ID, Int, ObjectType } from 'type-graphql'
import type { Grants } from '../../../lib/grants'
import type { OperatedAccount } from '../../../services/deps'
import { connectionType } from '../../objects/connection'

@ObjectType('SecondFactor')
class FactorOfAccount {
  @Field(() => ID)
  id: string

  @Field()
  name: string

  @Field()
  createdAt: Date

  @Field(() => Date, { nullable: true })
  lastUsedAt: Date | null
}

@ObjectType('Passkey')
class PasskeyOfAccount extends FactorOfAccount {}

@ObjectType('Session')
class SessionOfAccount {
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
}

@ObjectType('AccountView', { description: 'An account without any secret.' })
export class AccountView {
  @Field(() => ID)
  id: string

  @Field()
  email: string

  @Field()
  emailVerified: boolean

  @Field(() => String, { nullable: true })
  displayName: string | null

  @Field()
  locale: string

  @Field()
  disabled: boolean

  @Field(() => String, { nullable: true })
  disabledReason: string | null

  @Field()
  createdAt: Date

  @Field(() => Date, { nullable: true })
  lastLoginAt: Date | null

  @Field(() => [String])
  roles: string[]

  @Field(() => GraphQLJSONObject)
  claims: Grants['claims']

  @Field(() => [FactorOfAccount], { description: 'Authenticator apps.' })
  secondFactors: FactorOfAccount[]

  @Field(() => [PasskeyOfAccount])
  passkeys: PasskeyOfAccount[]

  @Field(() => [SessionOfAccount], { description: 'Those that are live, the newest first.' })
  sessions: SessionOfAccount[]

  static of(account: OperatedAccount): AccountView {
    const { emailVerifiedAt, disabledAt, totpFactors, sessions, ...view } = account
    return Object.assign(new AccountView(), view, {
      emailVerified: emailVerifiedAt !== null,
      disabled: disabledAt !== null,
      secondFactors: totpFactors,
      sessions: sessions.map(({ aal, ...session }) => ({ ...session, assuranceLevel: aal })),
    })
  }
}

export const UserConnection = connectionType('User', AccountView)
