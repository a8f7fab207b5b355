import { Field, ObjectType } from 'type-graphql'

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

  @Field(() => String, { nullable: true, description: 'The code of eight digits, where the mail carries one.' })
  code: string | null
}
