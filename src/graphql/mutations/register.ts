import { Arg, Ctx, Directive, Field, InputType, Mutation, ObjectType, Resolver } from 'type-graphql'
import { register } from '../../services/register'
import type { Context } from '../context'
import { resultOf } from '../objects/userErrors'

@InputType()
class RegisterInput {
  @Field()
  email: string

  @Field()
  password: string

  @Field(() => String, { nullable: true })
  displayName?: string | null

  @Field(() => String, { nullable: true })
  locale?: string | null

  @Field(() => String, {
    nullable: true,
    description: 'Where the mailed link leads: one of REDIRECT_URLS, which gets `#action=…&token=…`.',
  })
  redirect?: string | null
}

@ObjectType({ description: 'The same for a new and for a known address: what the owner is told comes by mail.' })
class RegisterSuccess {
  @Field()
  email: string

  @Field({ description: 'For `verifyEmailByCode`, together with the code in the mail. The link in it works without.' })
  challenge: string
}

const RegisterResult = resultOf('RegisterResult', RegisterSuccess, [
  'INVALID_INPUT',
  'WEAK_PASSWORD',
  'RATE_LIMITED',
  'OVERLOADED',
])

@Resolver()
export class RegisterMutation {
  @Mutation(() => RegisterResult)
  @Directive('@rateLimit(max: 10, window: "1h")')
  register(@Ctx() { deps, client }: Context, @Arg('input', () => RegisterInput) input: RegisterInput) {
    return register(deps, client, input)
  }
}
