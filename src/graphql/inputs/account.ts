import { Field, InputType } from 'type-graphql'
import { TokenTransport } from './sessions'

@InputType()
export class UpdateProfileInput {
  @Field(() => String, { nullable: true })
  displayName?: string | null

  @Field(() => String, { nullable: true })
  locale?: string | null
}

@InputType()
export class ChangePasswordInput {
  @Field()
  currentPassword: string

  @Field()
  newPassword: string

  @Field(() => TokenTransport, { defaultValue: TokenTransport.BODY })
  transport: TokenTransport
}

@InputType()
export class RequestEmailChangeInput {
  @Field()
  newEmail: string

  @Field()
  password: string
}

@InputType()
export class ConfirmEmailChangeInput {
  @Field()
  token: string
}

@InputType()
export class DeleteAccountInput {
  @Field()
  password: string
}
