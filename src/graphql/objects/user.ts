import { GraphQLJSONObject } from 'graphql-scalars'
import { Args, ArgsType, Ctx, Field, FieldResolver, ID, Int, ObjectType, Resolver, Root } from 'type-graphql'
import { SECURITY_EVENT_PAGE } from '../../config/defaults'
import type { Account } from '../../services/deps'
import { listSecurityEvents } from '../../services/listSecurityEvents'
import { listSessions } from '../../services/listSessions'
import { pendingEmail } from '../../services/pendingEmail'
import { profile } from '../../services/profile'
import { listPasskeys, listSecondFactors, recoveryCodesLeft, waysIn } from '../../services/waysIn'
import type { Context } from '../context'
import { pageOf } from '../pages'
import { connectionOf } from './connection'
import { PasskeyType } from './passkey'
import { SecondFactorType, WayInKind } from './secondFactor'
import { SecurityEventConnection } from './securityEvent'
import { SessionType } from './session'

@ObjectType('User')
export class UserType {
  @Field(() => ID)
  id: string

  @Field({ description: 'Normalised: trimmed, lower case, domain in ASCII (IDNA).' })
  email: string

  @Field()
  emailVerified: boolean

  @Field(() => String, { nullable: true })
  displayName: string | null

  @Field({ description: 'BCP 47 tag; mails to this user are written in it.' })
  locale: string

  @Field()
  createdAt: Date

  /** Not a field: the session of the request, for `Session.current`. */
  currentSessionId: string

  static of(account: Account, currentSessionId: string): UserType {
    const { id, email, displayName, locale, createdAt } = account
    const emailVerified = account.emailVerifiedAt !== null
    return Object.assign(new UserType(), { id, email, emailVerified, displayName, locale, createdAt, currentSessionId })
  }
}

@ArgsType()
class SecurityEventsArgs {
  @Field(() => Int, { defaultValue: SECURITY_EVENT_PAGE.usual, description: `${SECURITY_EVENT_PAGE.max} at most.` })
  first: number

  @Field(() => String, { nullable: true, description: 'The cursor of an edge: the page begins after it.' })
  after?: string | null
}

/** The fields of a user that are read only if they are selected. */
@Resolver(() => UserType)
export class UserResolver {
  @FieldResolver(() => [SessionType], { description: 'Live sessions, newest first.' })
  async sessions(@Root() user: UserType, @Ctx() { deps }: Context) {
    const sessions = await listSessions(deps, user.id)
    return sessions.map((session) => SessionType.of(session, user.currentSessionId))
  }

  @FieldResolver(() => [SecondFactorType], { description: 'Confirmed ones, oldest first.' })
  secondFactors(@Root() user: UserType, @Ctx() { deps }: Context) {
    return listSecondFactors(deps, user.id)
  }

  @FieldResolver(() => [PasskeyType], { description: 'Oldest first.' })
  async passkeys(@Root() user: UserType, @Ctx() { deps }: Context) {
    return (await listPasskeys(deps, user.id)).map((passkey) => PasskeyType.of(passkey))
  }

  @FieldResolver(() => Int, { description: 'Recovery codes that were not used yet.' })
  recoveryCodesLeft(@Root() user: UserType, @Ctx() { deps }: Context) {
    return recoveryCodesLeft(deps, user.id)
  }

  @FieldResolver(() => [WayInKind], { description: 'What a login can begin with.' })
  waysIn(@Root() user: UserType, @Ctx() { deps }: Context) {
    return waysIn(deps, user.id)
  }

  @FieldResolver(() => String, { nullable: true, description: 'The address of a change that waits to be confirmed.' })
  pendingEmail(@Root() user: UserType, @Ctx() { deps }: Context) {
    return pendingEmail(deps, user.id)
  }

  @FieldResolver(() => GraphQLJSONObject, {
    description: 'What the user has said of themselves for the app. No token has it: claims are written by operators.',
  })
  profile(@Root() user: UserType, @Ctx() { deps }: Context) {
    return profile(deps, user.id)
  }

  @FieldResolver(() => SecurityEventConnection, { description: 'What happened to the account, newest first.' })
  async securityEvents(
    @Root() user: UserType,
    @Ctx() { deps }: Context,
    @Args(() => SecurityEventsArgs) given: SecurityEventsArgs,
  ) {
    const page = pageOf(given, SECURITY_EVENT_PAGE.max)
    const rows = await listSecurityEvents(deps, user.id, { ...page, first: page.first + 1 })
    return connectionOf(rows, page.first, (event) => event)
  }
}
