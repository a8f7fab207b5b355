import { Resolver } from 'node:dns/promises'
import { type Finding, PATIENCE, findingsOf } from './finding'
import { type Config, ConfigError } from '../../config/config'
import { isLoopback } from '../../config/values'
import { readMailContent } from '../../mail/readMailContent'
import { smtpFailure } from '../../mail/smtpFailure'
import { createSmtpTransport, serverOf } from '../../mail/smtpTransport'

/** Greets the mail server, with TLS and login as a mail would; sends nothing. */
export async function checkSmtp(config: Config): Promise<Finding[]> {
  const { ok, fail } = findingsOf('smtp')
  const { smtpUrl: url, smtpName: name, mailFrom: from, replyTo, production } = config
  if (url === null) return [ok('the development inbox')]
  const { host, port } = serverOf({ url, production })
  const timeouts = { connectionTimeout: PATIENCE, greetingTimeout: PATIENCE, socketTimeout: PATIENCE }
  const transport = createSmtpTransport({ ...timeouts, url, name, from, replyTo, production })
  try {
    await transport.verify()
    return [ok(`${host}, port ${port}, takes mails of this server`)]
  } catch (error) {
    const { step, cause } = smtpFailure(error)
    return [
      fail(
        `${host}, port ${port}, step ${step}: ${cause}`,
        'correct SMTP_URL, or open the way; gatehouse mail test sends one',
      ),
    ]
  } finally {
    await transport.close()
  }
}

interface SenderOptions {
  /** Of the DKIM key that the mail server signs with. */
  selector?: string | undefined
  /** Another name server than the system's. */
  nameServer?: string | undefined
}

/** The texts and templates of MAIL_TEMPLATES_DIR, as a start checks them. */
export async function checkMailContent(config: Config): Promise<Finding[]> {
  const { ok, fail } = findingsOf('mails')
  if (config.mailTemplatesDir === null) return [ok('the texts and templates of this release')]
  try {
    await readMailContent(config)
    return [ok(`with the changes of ${config.mailTemplatesDir}`)]
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    return error.problems.map((problem) => fail(problem, 'correct it: the server does not start with it'))
  }
}

/** SPF (RFC 7208), DKIM (RFC 6376) and DMARC (RFC 7489) of the domain that mails come from. */
export async function checkSender({ mailFrom }: Config, { selector, nameServer }: SenderOptions): Promise<Finding[]> {
  const domain = (/@([^\s<>@]+?)>?$/.exec(mailFrom)?.[1] ?? '').toLowerCase()
  const { ok, warn, fail } = findingsOf(`sender ${domain}`)
  if (isLoopback(domain)) return [ok('no public domain')]
  const resolver = new Resolver({ timeout: PATIENCE / 2, tries: 2 })
  if (nameServer !== undefined) resolver.setServers([nameServer])
  const ask = (name: string) => textsOf(resolver, name)
  const [spf, dmarc, dkim] = await Promise.all([
    ask(domain),
    ask(`_dmarc.${domain}`),
    selector === undefined ? undefined : ask(`${selector}._domainkey.${domain}`),
  ])
  if (spf === null || dmarc === null || dkim === null) {
    return [warn('the name server did not answer', 'see the network, or name another one with --dns')]
  }
  const policies = spf.filter((text) => /^v=spf1( |$)/i.test(text))
  const findings = [
    policies.length === 1
      ? ok(`SPF: ${policies[0] ?? ''}`)
      : fail(`${policies.length} SPF records`, `publish exactly one: TXT ${domain} "v=spf1 include:… -all"`),
    dmarc.some((text) => /^v=DMARC1/i.test(text))
      ? ok('DMARC is published')
      : warn('no DMARC record', `publish TXT _dmarc.${domain} "v=DMARC1; p=quarantine; rua=mailto:…"`),
  ]
  if (dkim === undefined) {
    findings.push(warn('DKIM is not checked', 'name the selector that your mail server signs with: --dkim SELECTOR'))
  } else if (dkim.some((text) => /(?:^|;) *p=[\w+/]/.test(text))) findings.push(ok('DKIM: the key is published'))
  else
    findings.push(fail('no DKIM key', `publish TXT ${selector ?? ''}._domainkey.${domain}, as your mail server tells`))
  return findings
}

/** Empty if there is none; null if no name server answered. */
async function textsOf(resolver: Resolver, name: string): Promise<string[] | null> {
  try {
    return (await resolver.resolveTxt(name)).map((parts) => parts.join(''))
  } catch (error) {
    const { code } = error as { code?: string }
    return code === 'ENOTFOUND' || code === 'ENODATA' ? [] : null
  }
}
