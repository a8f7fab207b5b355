import { Args, ArgsType, Ctx, Field, ID, Query, Resolver } from 'type-graphql'
import { canonicalEmail } from '../../../lib/emailAddress'
import { isUuid } from '../../../lib/uuid'
import type { AccountKey, Actor } from '../../../services/deps'
import { viewAccount } from '../../../services/operatorReads'
import { badInput } from '../../pages'
import { CurrentActor, type OperatorContext } from '../context'
import { AccountView } from '../objects/account'

@ArgsType()
class UserArgs {
  @Field(() => ID, { nullable: true })
  id?: string | null

  @Field(() => String, { nullable: true })
  email?: string | null
}

@Resolver()
export class UserQuery {
  @Query(() => AccountView, {
    nullable: true,
    description: 'One account, by id or address. The audit records who looked.',
  })
  async user(
    @Ctx() { deps }: OperatorContext,
    @CurrentActor() actor: Actor,
    @Args(() => UserArgs) { id = null, email = null }: UserArgs,
  ) {
    const key = keyOf(id, email)
    const account = key && (await viewAccount(deps, actor, key))
    return account && AccountView.of(account)
  }
}

/** Null where no account can have that id or address. */
function keyOf(id: string | null, email: string | null): AccountKey | null {
  if ((id === null) === (email === null)) throw badInput('Give id or email')
  if (id !== null) return isUuid(id) ? { id } : null
  const address = canonicalEmail(email ?? '')
  return address === null ? null : { email: address }
}
