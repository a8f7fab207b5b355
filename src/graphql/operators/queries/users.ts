import { Args, ArgsType, Ctx, Field, InputType, Int, Query, Resolver } from 'type-graphql'
import { OPERATOR } from '../../../config/operatorDefaults'
import type { UserFilter } from '../../../services/deps'
import { listAccounts } from '../../../services/operatorReads'
import { connectionOf } from '../../objects/connection'
import { pageOf } from '../../pages'
import { withoutNulls } from '../../withoutNulls'
import type { OperatorContext } from '../context'
import { AccountView, UserConnection } from '../objects/account'

@InputType('UserFilter')
class UserFilterInput {
  @Field(() => String, { nullable: true, description: 'Plain text, in small letters as addresses are stored.' })
  emailPrefix?: string | null

  @Field(() => String, { nullable: true, description: 'Reads every account: docs/operators.md names an index for it.' })
  emailContains?: string | null

  @Field(() => Boolean, { nullable: true })
  verified?: boolean | null

  @Field(() => Boolean, { nullable: true })
  disabled?: boolean | null

  @Field(() => String, { nullable: true })
  role?: string | null

  @Field(() => Boolean, { nullable: true })
  hasSecondFactor?: boolean | null

  @Field(() => Date, { nullable: true })
  createdAfter?: Date | null

  @Field(() => Date, { nullable: true })
  createdBefore?: Date | null
}

@ArgsType()
class UsersArgs {
  @Field(() => UserFilterInput, { nullable: true })
  filter?: UserFilterInput | null

  @Field(() => Int, { defaultValue: 50 })
  first: number

  @Field(() => String, { nullable: true })
  after?: string | null
}

@Resolver()
export class UsersQuery {
  @Query(() => UserConnection, { description: 'Accounts, the newest first.' })
  async users(@Ctx() { deps }: OperatorContext, @Args(() => UsersArgs) { filter: given, ...size }: UsersArgs) {
    const page = pageOf(size, OPERATOR.maxPage)
    const filter: UserFilter = withoutNulls<UserFilterInput>(given)
    for (const name of ['emailPrefix', 'emailContains'] as const) {
      if (filter[name] !== undefined) filter[name] = filter[name].toLowerCase()
    }
    return connectionOf(await listAccounts(deps, filter, page), page.first, (account) => AccountView.of(account))
  }
}
