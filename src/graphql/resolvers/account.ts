import { Arg, Authorized, Ctx, Directive, FieldResolver, Mutation, Query, Resolver, Root } from 'type-graphql'
import { PASSWORD } from '../../config/defaults'
import { cancelEmailChange } from '../../services/cancelEmailChange'
import { changePassword } from '../../services/changePassword'
import { confirmEmailChange } from '../../services/confirmEmailChange'
import { deleteAccount } from '../../services/deleteAccount'
import { listSessions } from '../../services/listSessions'
import { pendingEmail } from '../../services/pendingEmail'
import { requestEmailChange } from '../../services/requestEmailChange'
import { updateProfile } from '../../services/updateProfile'
import type { Context } from '../context'
import { handTokens, setRefreshCookie } from '../handTokens'
import {
  ChangePasswordInput,
  ConfirmEmailChangeInput,
  DeleteAccountInput,
  RequestEmailChangeInput,
  UpdateProfileInput,
} from '../inputs/account'
import { PasswordPolicyType, SessionType, UserType } from '../types/account'
import {
  CancelEmailChangeResult,
  ChangePasswordResult,
  ConfirmEmailChangeResult,
  DeleteAccountResult,
  RequestEmailChangeResult,
  UpdateProfileResult,
} from '../types/results'

@Resolver(() => UserType)
export class AccountResolver {
  @Query(() => UserType, {
    nullable: true,
    description:
      'The signed-in user; null for an anonymous request. A token that is expired, revoked or forged is an UNAUTHENTICATED error, not null.',
  })
  async me(@Ctx() { viewer }: Context) {
    const found = await viewer()
    return found && UserType.of(found.account, found.session.id)
  }

  @Query(() => PasswordPolicyType, {
    description: 'What `register`, `confirmReset` and `changePassword` demand of a password.',
  })
  passwordPolicy(@Ctx() { deps: { config } }: Context) {
    return { minLength: config.passwordMinLength, maxLength: PASSWORD.maxLength, minScore: config.passwordMinScore }
  }

  @FieldResolver(() => [SessionType], { description: 'Live sessions, newest first.' })
  async sessions(@Root() user: UserType, @Ctx() { deps }: Context) {
    const sessions = await listSessions(deps, user.id)
    return sessions.map((session) => SessionType.of(session, user.currentSessionId))
  }

  @FieldResolver(() => String, { nullable: true, description: 'The address of a change that waits to be confirmed.' })
  pendingEmail(@Root() user: UserType, @Ctx() { deps }: Context) {
    return pendingEmail(deps, user.id)
  }

  @Authorized()
  @Mutation(() => UpdateProfileResult)
  @Directive('@rateLimit(max: 60, window: "1m", per: [USER])')
  async updateProfile(
    @Ctx() { deps, client, demandViewer }: Context,
    @Arg('input', () => UpdateProfileInput) input: UpdateProfileInput,
  ) {
    const viewer = await demandViewer()
    return { user: UserType.of(await updateProfile(deps, { client, viewer }, input), viewer.session.id) }
  }

  @Authorized()
  @Mutation(() => ChangePasswordResult)
  @Directive('@rateLimit(max: 10, window: "1h", per: [USER])')
  async changePassword(@Ctx() context: Context, @Arg('input', () => ChangePasswordInput) input: ChangePasswordInput) {
    const { deps, client, demandViewer, cookieToken } = context
    const viewer = await demandViewer()
    const { revokedSessions, tokens, isCookieSession } = await changePassword(
      deps,
      { client, viewer, cookieToken },
      input,
    )
    // A cookie that kept the replaced token would end the session at its next refresh.
    if (isCookieSession) setRefreshCookie(context, tokens)
    return { revokedSessions, tokens: handTokens(context, input.transport, tokens) }
  }

  @Authorized()
  @Mutation(() => RequestEmailChangeResult)
  @Directive('@rateLimit(max: 10, window: "1h", per: [USER])')
  async requestEmailChange(
    @Ctx() { deps, client, demandViewer }: Context,
    @Arg('input', () => RequestEmailChangeInput) input: RequestEmailChangeInput,
  ) {
    return requestEmailChange(deps, { client, viewer: await demandViewer() }, input)
  }

  @Mutation(() => ConfirmEmailChangeResult)
  @Directive('@rateLimit(max: 30, window: "15m")')
  confirmEmailChange(
    @Ctx() { deps, client }: Context,
    @Arg('input', () => ConfirmEmailChangeInput) input: ConfirmEmailChangeInput,
  ) {
    return confirmEmailChange(deps, client, input)
  }

  @Authorized()
  @Mutation(() => CancelEmailChangeResult, {
    description: 'Voids a change that waits to be confirmed; succeeds where there is none.',
  })
  @Directive('@rateLimit(max: 60, window: "1m", per: [USER])')
  async cancelEmailChange(@Ctx() { deps, client, demandViewer }: Context) {
    return cancelEmailChange(deps, { client, viewer: await demandViewer() })
  }

  @Authorized()
  @Mutation(() => DeleteAccountResult)
  @Directive('@rateLimit(max: 10, window: "1h", per: [USER])')
  async deleteAccount(
    @Ctx() { deps, client, demandViewer }: Context,
    @Arg('input', () => DeleteAccountInput) input: DeleteAccountInput,
  ) {
    return deleteAccount(deps, { client, viewer: await demandViewer() }, input)
  }
}
