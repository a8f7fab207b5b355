import { Arg, Ctx, Query, Resolver } from 'type-graphql'
import { canonicalEmail } from '../../lib/emailAddress'
import type { Context } from '../context'
import { DevMailType } from '../objects/devMail'

/** Built into the schema in development only. */
@Resolver()
export class DevInboxQuery {
  @Query(() => [DevMailType], {
    description: 'Development only, absent from a production schema: the mails sent to an address, newest first.',
  })
  async devInbox(@Ctx() { inbox }: Context, @Arg('to', () => String) to: string) {
    return inbox ? inbox.list({ to: canonicalEmail(to) ?? to }) : []
  }
}
