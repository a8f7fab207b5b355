import { Args, ArgsType, Ctx, Field, FieldResolver, ID, InputType, Int, Query, Resolver, Root } from 'type-graphql'
import { OPERATOR } from '../../../config/operatorDefaults'
import { listAuditEvents } from '../../../services/operatorReads'
import { requireAuthority } from '../../../services/steps/operatorAuthority'
import { isAuditEventType } from '../../../lib/auditEventTypes'
import { connectionOf } from '../../objects/connection'
import { badInput, pageOf } from '../../pages'
import { withoutNulls } from '../../withoutNulls'
import type { OperatorContext } from '../context'
import { AccountView } from '../objects/account'
import { AuditEventConnection } from '../objects/auditEvent'

@InputType('AuditFilter')
class AuditFilterInput {
  @Field(() => ID, { nullable: true })
  userId?: string | null

  @Field(() => [String], { nullable: true })
  types?: string[] | null

  @Field(() => String, { nullable: true })
  ipAddress?: string | null

  @Field(() => Date, { nullable: true })
  after?: Date | null

  @Field(() => Date, { nullable: true })
  before?: Date | null
}

@ArgsType()
class AuditEventsArgs {
  @Field(() => AuditFilterInput, { nullable: true })
  filter?: AuditFilterInput | null

  @Field(() => Int, { defaultValue: 50 })
  first: number

  @Field(() => String, { nullable: true })
  after?: string | null
}

@ArgsType()
class EventsOfAccountArgs {
  @Field(() => Int, { defaultValue: 20 })
  first: number

  @Field(() => String, { nullable: true })
  after?: string | null
}

@Resolver(() => AccountView)
export class AuditEventsQuery {
  @Query(() => AuditEventConnection, { description: 'The audit, the newest first.' })
  async auditEvents(
    @Ctx() { deps }: OperatorContext,
    @Args(() => AuditEventsArgs) { filter, ...size }: AuditEventsArgs,
  ) {
    const page = pageOf(size, OPERATOR.maxPage)
    const unknown = filter?.types?.find((type) => !isAuditEventType(type))
    if (unknown !== undefined) throw badInput('types holds one that is none: docs/reference/events.md lists them')
    const events = await listAuditEvents(deps, withoutNulls<AuditFilterInput>(filter), page)
    return connectionOf(events, page.first, (event) => event)
  }

  @FieldResolver(() => AuditEventConnection, {
    name: 'auditEvents',
    description: 'About this account, the newest first. A service key needs `audit:read` for it.',
  })
  async ofAccount(
    @Ctx() { deps, caller }: OperatorContext,
    @Root() { id: userId }: AccountView,
    @Args(() => EventsOfAccountArgs) size: EventsOfAccountArgs,
  ) {
    // A key that reads accounts does not read the audit by this way.
    await requireAuthority(deps, await caller(), { scope: 'audit:read', writes: false })
    const page = pageOf(size, OPERATOR.maxPage)
    return connectionOf(await listAuditEvents(deps, { userId }, page), page.first, (event) => event)
  }
}
