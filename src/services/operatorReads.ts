import type { Actor, AccountKey, DeliveryFilter, Deps, OperatedAccount, ServiceKey, UserFilter } from './deps'
import type { WebhookDeliveryView, WebhookEndpoint } from './deps'
import { recordEvent } from './steps/audit'
import { OPERATOR } from '../config/operatorDefaults'
import type { PageStart } from '../lib/pageCursor'
import { isUuid } from '../lib/uuid'
import { type AuditFilter, listAuditEvents as eventsPage } from '../store/auditEvents'
import { findAccountId, findAccountsForOperator, listRoles as rolesInUse } from '../store/operatedUsers'
import { listServiceKeys as allKeys } from '../store/serviceKeys'
import { listUsers } from '../store/userPages'
import { listDeliveries } from '../store/webhookDeliveries'
import { listEndpoints } from '../store/webhookEndpoints'

type Needs = Pick<Deps, 'clock' | 'database'>

interface Page {
  first: number
  after: PageStart | null
}

/** A page of accounts, the newest first, and one more if there is one. */
export async function listAccounts(
  { clock, database }: Needs,
  filter: UserFilter,
  { first, after }: Page,
): Promise<OperatedAccount[]> {
  const page = await listUsers(database.prisma, filter, { first: first + 1, after })
  const ids = page.map(({ id }) => id)
  return findAccountsForOperator(database.prisma, ids, clock.now())
}

/** One account; null if there is none. Who looked is recorded. */
export async function viewAccount(deps: Needs, actor: Actor, key: AccountKey): Promise<OperatedAccount | null> {
  const id = await findAccountId(deps.database.prisma, key)
  if (id === null) return null
  await recordEvent(deps, actor, { type: 'user_viewed', userId: id })
  return accountAfterChange(deps, id)
}

/** One account as a change left it. */
export async function accountAfterChange({ clock, database }: Needs, id: string): Promise<OperatedAccount | null> {
  const [account = null] = await findAccountsForOperator(database.prisma, [id], clock.now())
  return account
}

/** A page of audit events, the newest first, and one more if there is one. */
export function listAuditEvents({ database }: Pick<Needs, 'database'>, filter: AuditFilter, { first, after }: Page) {
  if (filter.userId !== undefined && !isUuid(filter.userId)) return Promise.resolve([])
  return eventsPage(database.prisma, filter, { first: first + 1, after })
}

export function listServiceKeys({ database }: Pick<Needs, 'database'>): Promise<ServiceKey[]> {
  return allKeys(database.prisma)
}

export function listRoles({ database }: Pick<Needs, 'database'>): Promise<{ name: string; users: number }[]> {
  return rolesInUse(database.prisma, OPERATOR.maxListedRoles)
}

export function listWebhookEndpoints({ database }: Pick<Needs, 'database'>): Promise<WebhookEndpoint[]> {
  return listEndpoints(database.prisma)
}

/** A page of deliveries, the newest first, and one more if there is one. An id that is none matches nothing. */
export async function listWebhookDeliveries(
  { database }: Pick<Needs, 'database'>,
  filter: DeliveryFilter,
  { first, after }: Page,
): Promise<WebhookDeliveryView[]> {
  if (filter.endpointId !== undefined && !isUuid(filter.endpointId)) return []
  return listDeliveries(database.prisma, filter, { first: first + 1, after })
}
