import { Arg, Ctx, Directive, Field, InputType, Mutation, ObjectType, Resolver } from 'type-graphql'
import { requestLoginCode } from '../../services/requestLoginCode'
import type { Context } from '../context'
import { resultOf } from '../objects/userErrors'

@InputType()
class RequestLoginCodeInput {
  @Field()
  email: string

  @Field(() => String, {
    nullable: true,
    description: 'Where the mailed link leads: one of REDIRECT_URLS, which gets `#action=…&code=…`.',
  })
  redirect?: string | null
}

@ObjectType({ description: 'The same whether or not the address has an account.' })
class RequestLoginCodeSuccess {
  @Field()
  email: string

  @Field({ description: 'For `loginWithCode`, together with the code in the mail. Keep it until then.' })
  challenge: string

  @Field()
  expiresAt: Date
}

const RequestLoginCodeResult = resultOf('RequestLoginCodeResult', RequestLoginCodeSuccess, [
  'INVALID_INPUT',
  'RATE_LIMITED',
])

/** In the schema only if LOGIN_CODE is on. */
@Resolver()
export class RequestLoginCodeMutation {
  @Mutation(() => RequestLoginCodeResult, {
    description: 'Mails a code of eight digits, if the address has an account (or may get one: SIGN_UP_BY_CODE).',
  })
  @Directive('@rateLimit(max: 5, window: "1h", per: [IP, EMAIL])')
  @Directive('@rateLimit(max: 20, window: "1h")')
  requestLoginCode(
    @Ctx() { deps, client }: Context,
    @Arg('input', () => RequestLoginCodeInput) input: RequestLoginCodeInput,
  ) {
    return requestLoginCode(deps, client, input)
  }
}
