import type { Inbox } from './store'
import { type MailTransport, sourceOf } from '../../mail/smtpTransport'

/** Delivers into the inbox what would go out by SMTP. */
export function createInboxTransport(inbox: Inbox, from: string): MailTransport {
  return {
    send: async (message) => inbox.deliver(message, await sourceOf(message, from)),
    verify: () => inbox.verify(),
    close: () => Promise.resolve(),
  }
}
