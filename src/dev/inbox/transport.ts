import type { Inbox } from './store'
import { type MailTransport, type Sender, sourceOf } from '../../mail/smtpTransport'

/** Stores mails in the inbox instead of sending them by SMTP. */
export function createInboxTransport(inbox: Inbox, sender: Sender): MailTransport {
  return {
    send: async (message) => inbox.deliver(message, await sourceOf(message, sender)),
    verify: () => inbox.verify(),
    close: () => Promise.resolve(),
  }
}
