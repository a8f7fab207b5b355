import { randomUUID } from 'node:crypto'
import { readEnvironment, resolveConfig } from '../config/config'
import { canonicalEmail } from '../lib/emailAddress'
import { createSmtpTransport } from '../mail/transport'

/** Sends one mail by the configured server, and says what that server said when it would not take it. */
export async function mailTest(address: string): Promise<number> {
  const { smtpUrl, mailFrom: from, appName, production, publicUrl } = resolveConfig(readEnvironment())
  const to = canonicalEmail(address)
  if (to === null) return complain('That is no plain e-mail address.')
  if (smtpUrl === null) return complain('SMTP_URL is not set: mails go to the development inbox.')

  const transport = createSmtpTransport({ url: smtpUrl, from, production })
  const sentence = `${appName} can send mail from ${publicUrl}.`
  try {
    await transport.send({
      messageId: `<${randomUUID()}@${new URL(publicUrl).hostname}>`,
      to,
      subject: `${appName}: test mail`,
      text: sentence,
      html: `<p>${sentence.replace(/&/g, '&amp;')}</p>`,
      token: null,
    })
  } catch (error) {
    const { code, responseCode, response } = error as { code?: string; responseCode?: number; response?: string }
    return complain(`Not sent: ${[code, responseCode, response].filter(Boolean).join(' ') || (error as Error).message}`)
  } finally {
    await transport.close()
  }
  console.log('Sent.')
  return 0
}

function complain(words: string): number {
  console.error(words)
  return 1
}
