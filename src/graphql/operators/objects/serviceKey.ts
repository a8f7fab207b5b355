import { Field, ID, ObjectType } from 'type-graphql'

@ObjectType('ServiceKey')
export class ServiceKeyType {
  @Field(() => ID)
  id: string

  @Field()
  name: string

  @Field(() => [String])
  scopes: string[]

  @Field(() => [String], { description: 'Addresses and ranges that it may be used from; none: from anywhere.' })
  allowedIps: string[]

  @Field()
  createdAt: Date

  @Field()
  expiresAt: Date

  @Field(() => Date, { nullable: true, description: 'To the minute.' })
  lastUsedAt: Date | null

  @Field(() => Date, { nullable: true })
  revokedAt: Date | null
}
