import { randomUUID } from 'node:crypto'
import { readEnvironment, resolveConfig } from '../config/config'
import { canonicalEmail } from '../lib/emailAddress'
import { escapeHtml } from '../lib/escapeHtml'
import { smtpFailure } from '../mail/smtpFailure'
import { createSmtpTransport, serverOf } from '../mail/smtpTransport'

const USES = ['NODE_ENV', 'SMTP_URL', 'MAIL_FROM', 'REPLY_TO', 'APP_NAME', 'PUBLIC_URL', 'SMTP_NAME'] as const

/** Sends one mail by the configured server. If that fails, prints the server, the failed step and the cause. */
export async function mailTest(address: string): Promise<number> {
  const {
    smtpUrl,
    smtpName: name,
    mailFrom: from,
    replyTo,
    appName,
    production,
    publicUrl,
  } = resolveConfig(readEnvironment(undefined, USES))
  const to = canonicalEmail(address)
  if (to === null) return complain('That is no plain e-mail address.')
  if (smtpUrl === null) return complain('SMTP_URL is not set: mails go to the development inbox.')

  const transport = createSmtpTransport({ url: smtpUrl, name, from, replyTo, production })
  const sentence = `${appName} can send mail from ${publicUrl}.`
  try {
    await transport.send({
      messageId: `<${randomUUID()}@${new URL(publicUrl).hostname}>`,
      to,
      subject: `${appName}: test mail`,
      text: sentence,
      html: `<p>${escapeHtml(sentence)}</p>`,
      token: null,
      code: null,
    })
  } catch (error) {
    const { host, port } = serverOf({ url: smtpUrl, production })
    return complain(`Not sent: host ${host}, port ${port}, step ${smtpFailure(error).step}: ${explain(error)}`)
  } finally {
    await transport.close()
  }
  console.log('Sent.')
  return 0
}

/** The cause in words, with its code or the server's reply: the reply may contain the address, but this is not a log. */
function explain(error: unknown): string {
  const { cause, reason } = smtpFailure(error)
  const { response } = Object(error) as { response?: unknown }
  return typeof response === 'string' ? `${cause}: ${response}` : `${cause} (${reason})`
}

function complain(words: string): number {
  console.error(words)
  return 1
}
