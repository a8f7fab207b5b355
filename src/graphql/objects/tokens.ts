import { Field, ObjectType, registerEnumType } from 'type-graphql'

export enum TokenTransport {
  BODY = 'BODY',
  COOKIE = 'COOKIE',
}
registerEnumType(TokenTransport, {
  name: 'TokenTransport',
  description:
    'How tokens reach the client: in the body (mobile, server), or the refresh token in an HttpOnly cookie (browser).',
})

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
