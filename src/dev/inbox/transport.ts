import type { Inbox } from './store'
import { type MailTransport, sourceOf } from '../../mail/smtpTransport'

/** Stores mails in the inbox instead of sending them by SMTP. */
export function createInboxTransport(inbox: Inbox, from: string): MailTransport {
  return {
    send: async (message) => inbox.deliver(message, await sourceOf(message, from)),
    verify: () => inbox.verify(),
    close: () => Promise.resolve(),
  }
}
