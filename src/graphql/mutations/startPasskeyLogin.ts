import { GraphQLJSONObject } from 'graphql-scalars'
import { Ctx, Directive, Field, Mutation, ObjectType, Resolver } from 'type-graphql'
import { startPasskeyLogin } from '../../services/startPasskeyLogin'
import type { Context } from '../context'
import { resultOf } from '../objects/userErrors'

@ObjectType()
class StartPasskeyLoginSuccess {
  @Field()
  challenge: string

  @Field(() => GraphQLJSONObject, { description: 'For `navigator.credentials.get`.' })
  options: Record<string, unknown>

  @Field()
  expiresAt: Date
}

const StartPasskeyLoginResult = resultOf('StartPasskeyLoginResult', StartPasskeyLoginSuccess, ['RATE_LIMITED'])

@Resolver()
export class StartPasskeyLoginMutation {
  @Mutation(() => StartPasskeyLoginResult, {
    description: 'Begins a login without a name: no address is asked for, so none can be tested.',
  })
  @Directive('@rateLimit(max: 60, window: "15m")')
  startPasskeyLogin(@Ctx() { deps }: Context) {
    return startPasskeyLogin(deps)
  }
}
