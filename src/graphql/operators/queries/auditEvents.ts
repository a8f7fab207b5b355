import { Arg, Ctx, Field, FieldResolver, ID, InputType, Int, Query, Resolver, Root } from 'type-graphql'
import { listAuditEvents } from '../../../services/operatorReads'
import { connectionOf } from '../../objects/connection'
import { withoutNulls } from '../../withoutNulls'
import type { OperatorContext } from '../context'
import { AccountView } from '../objects/account'
import { AuditEventConnection } from '../objects/auditEvent'
import { pageOf } from '../pages'

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

@Resolver(() => AccountView)
export class AuditEventsQuery {
  @Query(() => AuditEventConnection, { description: 'The audit, the newest first.' })
  async auditEvents(
    @Ctx() { deps }: OperatorContext,
    @Arg('filter', () => AuditFilterInput, { nullable: true }) filter: AuditFilterInput | null,
    @Arg('first', () => Int, { defaultValue: 50 }) size: number,
    @Arg('after', () => String, { nullable: true }) cursor: string | null,
  ) {
    const page = pageOf(size, cursor)
    return connectionOf(await listAuditEvents(deps, withoutNulls(filter ?? {}), page), page.first, (event) => event)
  }

  @FieldResolver(() => AuditEventConnection, {
    name: 'auditEvents',
    description: 'About this account, the newest first.',
  })
  async ofAccount(
    @Ctx() { deps }: OperatorContext,
    @Root() { id: userId }: AccountView,
    @Arg('first', () => Int, { defaultValue: 20 }) size: number,
    @Arg('after', () => String, { nullable: true }) cursor: string | null,
  ) {
    const page = pageOf(size, cursor)
    return connectionOf(await listAuditEvents(deps, { userId }, page), page.first, (event) => event)
  }
}
