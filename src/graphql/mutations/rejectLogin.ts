import { Arg, Ctx, Directive, Field, InputType, Mutation, ObjectType, Resolver } from 'type-graphql'
import { rejectLogin } from '../../services/rejectLogin'
import type { Context } from '../context'
import { resultOf } from '../objects/userErrors'

@InputType()
class RejectLoginInput {
  @Field()
  token: string
}

@ObjectType()
class RejectLoginSuccess {
  @Field({ description: 'A mail to this address leads to a new password.' })
  email: string
}

const RejectLoginResult = resultOf('RejectLoginResult', RejectLoginSuccess, [
  'INVALID_TOKEN',
  'EXPIRED_TOKEN',
  'RATE_LIMITED',
])

@Resolver()
export class RejectLoginMutation {
  @Mutation(() => RejectLoginResult, {
    description:
      'Redeems the link in the mail about a login from a new device, which was not the owner: ends its session and mails a link to choose a new password. Logs nobody in.',
  })
  @Directive('@rateLimit(max: 30, window: "15m")')
  rejectLogin(@Ctx() { deps, client }: Context, @Arg('input', () => RejectLoginInput) input: RejectLoginInput) {
    return rejectLogin(deps, client, input)
  }
}
