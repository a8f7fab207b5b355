import { Field, ID, ObjectType, registerEnumType } from 'type-graphql'
import { SecondFactorKindEnum } from './userErrors'

@ObjectType('SecondFactor')
export class SecondFactorType {
  @Field(() => ID)
  id: string

  @Field(() => SecondFactorKindEnum)
  kind: 'TOTP'

  @Field()
  name: string

  @Field()
  createdAt: Date

  @Field(() => Date, { nullable: true })
  lastUsedAt: Date | null
}

export const WayInKind = { PASSWORD: 'PASSWORD', PASSKEY: 'PASSKEY', MAILED_CODE: 'MAILED_CODE' } as const
registerEnumType(WayInKind, { name: 'WayInKind' })
