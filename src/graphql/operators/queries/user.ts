import { Arg, Ctx, ID, Query, Resolver } from 'type-graphql'
import { canonicalEmail } from '../../../lib/emailAddress'
import { isUuid } from '../../../lib/uuid'
import type { AccountKey, Actor } from '../../../services/deps'
import { viewAccount } from '../../../services/operatorReads'
import { CurrentActor, type OperatorContext } from '../context'
import { AccountView } from '../objects/account'
import { badInput } from '../pages'

@Resolver()
export class UserQuery {
  @Query(() => AccountView, {
    nullable: true,
    description: 'One account, by id or address. The audit records who looked.',
  })
  async user(
    @Ctx() { deps }: OperatorContext,
    @CurrentActor() actor: Actor,
    @Arg('id', () => ID, { nullable: true }) id: string | null,
    @Arg('email', () => String, { nullable: true }) email: string | null,
  ): Promise<AccountView | null> {
    const key = keyOf(id ?? null, email ?? null)
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
