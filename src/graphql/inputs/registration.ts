import { Field, InputType } from 'type-graphql'

@InputType()
export class RegisterInput {
  @Field()
  email: string

  @Field()
  password: string

  @Field(() => String, { nullable: true })
  displayName?: string | null

  @Field(() => String, { nullable: true })
  locale?: string | null
}

@InputType()
export class VerifyEmailInput {
  @Field()
  token: string
}

@InputType()
export class ResendVerificationInput {
  @Field()
  email: string
}

@InputType()
export class RequestResetInput {
  @Field()
  email: string
}

@InputType()
export class ConfirmResetInput {
  @Field()
  token: string

  @Field()
  password: string
}
