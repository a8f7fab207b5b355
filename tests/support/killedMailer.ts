import { startMailer } from './mailer'

// A process of its own, for a test to kill: sends mails like any instance.
const [databaseUrl, smtpUrl] = process.argv.slice(2)
if (databaseUrl === undefined || smtpUrl === undefined) throw new Error('killedMailer <database> <smtp>')
// Its lease ends soon after it is killed; it alone claims until then.
startMailer({ databaseUrl, smtpUrl, lease: 1_000, clock: { now: () => new Date() } })
setInterval(() => undefined, 60_000)
