import { Field, ID, InputType, registerEnumType } from 'type-graphql'

export enum TokenTransport {
  BODY = 'BODY',
  COOKIE = 'COOKIE',
}
registerEnumType(TokenTransport, {
  name: 'TokenTransport',
  description:
    'How tokens reach the client: in the body (mobile, server), or the refresh token in an HttpOnly cookie (browser).',
})

@InputType()
export class LoginInput {
  @Field()
  email: string

  @Field()
  password: string

  @Field(() => TokenTransport, { defaultValue: TokenTransport.BODY })
  transport: TokenTransport
}

@InputType({ description: '`refreshToken` is left out where the cookie carries it.' })
export class RefreshSessionInput {
  @Field(() => String, { nullable: true })
  refreshToken?: string | null
}

@InputType()
export class RevokeSessionInput {
  @Field(() => ID)
  sessionId: string
}
