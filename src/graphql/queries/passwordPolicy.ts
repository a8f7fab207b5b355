import { Ctx, Field, Int, ObjectType, Query, Resolver } from 'type-graphql'
import { PASSWORD } from '../../config/defaults'
import type { Context } from '../context'

@ObjectType('PasswordPolicy')
class PasswordPolicyType {
  @Field(() => Int, { description: 'In characters (Unicode code points).' })
  minLength: number

  @Field(() => Int)
  maxLength: number

  @Field(() => Int, { description: 'Least accepted strength estimate, 0 to 4.' })
  minScore: number
}

@Resolver()
export class PasswordPolicyQuery {
  @Query(() => PasswordPolicyType, {
    description: 'What `register`, `confirmReset` and `changePassword` demand of a password.',
  })
  passwordPolicy(@Ctx() { deps: { config } }: Context) {
    return { minLength: config.passwordMinLength, maxLength: PASSWORD.maxLength, minScore: config.passwordMinScore }
  }
}
