import { NotFoundError } from '../../errors/userErrors'
import { isUuid } from '../../lib/uuid'
import type { AccountKey, Deps } from '../../services/deps'
import { accountAfterChange } from '../../services/operatorReads'
import { AccountView } from './objects/account'

/** The account of an id. Throws NotFoundError for what no account can have as id. */
export function accountKey(id: string): AccountKey {
  if (!isUuid(id)) throw new NotFoundError()
  return { id }
}

/** The account that was changed, as it is now. Throws NotFoundError if there was none to change. */
export async function viewAfterChange(deps: Deps, id: string | null): Promise<{ user: AccountView }> {
  const account = id === null ? null : await accountAfterChange(deps, id)
  if (!account) throw new NotFoundError()
  return { user: AccountView.of(account) }
}
