import { spellMailedCode } from '../crypto/mailedCode'
import { type Locale, direction } from '../i18n/locale'
import { fill } from '../i18n/text'
import { durationText, instantText } from '../i18n/time'
import { escapeHtml } from '../lib/escapeHtml'
import { type MailContent, type MailTexts, SHIPPED } from './mailContent'
import { TEMPLATES, type MailName, type MailPayload, isSafeLink } from './templates'
import { isMailableName, plainLine, wrapText } from './plainText'

export interface Brand {
  appName: string
  /** `#rrggbb`, dark enough for white text. */
  brandColor: string
  /** The page where users log in; null if APP_URL is not set. */
  appUrl: string | null
  /** The page where users see and change what their account has; null if there is none. */
  accountUrl: string | null
  /** `https:` or `mailto:`. */
  supportUrl: string | null
  logoUrl: string | null
}

export interface MailToRender<Name extends MailName> {
  name: Name
  payload: MailPayload<Name>
  locale: Locale
  brand: Brand
  /** Default: what the release brings. */
  content?: MailContent
}

/** A template asks for a value that its mail does not have. */
export class MissingValueError extends Error {
  constructor(readonly placeholder: string) {
    super(`No value for the placeholder ${placeholder}`)
  }
}

export interface RenderedMail {
  subject: string
  html: string
  text: string
}

/** The fields of all payloads; the schema of each mail (templates.ts) picks from them. */
interface Payload {
  displayName?: string | null
  link?: string
  resetLink?: string
  expiresIn?: number
  code?: string
  codeExpiresIn?: number
  inSubject?: boolean
  at?: Date
  device?: string | null
  ipAddress?: string | null
  account?: string
  newAddress?: string | null
}

interface TextsOfMail {
  subject: string
  subjectWithCode?: string
  preheader: string
  heading: string
  body: string[]
  notes: string[]
  button?: string
  codeHint?: string
}

/**
 * One mail in one language. Pure. Throws a ZodError for a payload that does not match the mail's schema, such as an unsafe
 * link. Values are inserted last and in one pass, escaped for HTML or text; no user's text is in a subject.
 */
export function renderMail<Name extends MailName>(mail: MailToRender<Name>): RenderedMail {
  const { name, locale, brand, content = SHIPPED } = mail
  const payload: Payload = TEMPLATES[name].payload.parse(mail.payload)
  const { mails, mailLayout } = content.texts[locale]
  const values = valuesOf(mails[name], { payload, locale, brand, mailLayout })
  const markup = content.templates[name]
  return {
    subject: values.subject,
    html: insert(markup.html, values, escapeHtml),
    // A block that is left out leaves the blank lines around it.
    text: wrapText(insert(markup.text, values, (value) => value).replace(/\n{3,}/g, '\n\n')),
  }
}

type OptionalValues = Record<string, string | undefined>
type Values = OptionalValues & { subject: string }

function valuesOf(
  texts: TextsOfMail,
  {
    payload,
    locale,
    brand,
    mailLayout,
  }: Pick<MailToRender<MailName>, 'locale' | 'brand'> & {
    payload: Payload
    mailLayout: MailTexts['mailLayout']
  },
): Values {
  const { appName, brandColor } = brand
  const code = payload.code === undefined ? undefined : spellMailedCode(payload.code)
  const subject = (payload.inSubject ? texts.subjectWithCode : undefined) ?? texts.subject
  const placeholders = {
    appName,
    ...(payload.expiresIn !== undefined && { duration: durationText(locale, payload.expiresIn) }),
    ...(payload.codeExpiresIn !== undefined && { codeDuration: durationText(locale, payload.codeExpiresIn) }),
    ...(code !== undefined && { code }),
    ...(payload.at && { date: instantText(locale, payload.at, mailLayout.instant) }),
    ...(payload.device !== undefined && { device: payload.device ?? mailLayout.unknownDevice }),
  }
  const given = plainLine(payload.displayName ?? '')
  const name = isMailableName(given) ? given : ''
  const dir = direction(locale)
  return {
    ...{ lang: locale, dir, start: dir === 'rtl' ? 'right' : 'left', appName, brandColor },
    ...{ link: payload.link, resetLink: payload.resetLink },
    device: [payload.device ?? mailLayout.unknownDevice, payload.ipAddress ?? []].flat().join(' · '),
    ...changeOf(payload, mailLayout),
    ...brandValues(brand, mailLayout),
    greeting: name === '' ? mailLayout.greeting : fill(mailLayout.greetingNamed, { name }),
    fallback: mailLayout.fallback,
    footer: fill(mailLayout.footer, placeholders),
    subject: fill(subject, placeholders),
    preheader: fill(texts.preheader, placeholders),
    heading: fill(texts.heading, placeholders),
    button: texts.button,
    code,
    codeHint: code === undefined ? undefined : fill(texts.codeHint ?? '', placeholders),
    ...numbered('body', texts.body, placeholders),
    ...numbered('notes', texts.notes, placeholders),
  }
}

/** Which account was changed, and by which device: where neither name nor IP address is known, that line is left out. */
function changeOf(
  { account, newAddress, device, ipAddress }: Payload,
  layout: MailTexts['mailLayout'],
): OptionalValues {
  const address = account ?? newAddress
  const used = [device ?? [], ipAddress ?? []].flat()
  return {
    address: address ? fill(account ? layout.account : layout.newAddress, { address }) : undefined,
    usedDevice: used.length > 0 ? fill(layout.device, { device: used.join(' · ') }) : undefined,
  }
}

/** A logo stands in place of the name, which it has as its alternative text. */
function brandValues(brand: Brand, { support }: MailTexts['mailLayout']): OptionalValues {
  const { appName, appUrl, accountUrl, supportUrl, logoUrl } = brand
  return {
    loginLink: safe(appUrl),
    accountUrl: safe(accountUrl),
    logo: logoUrl ?? undefined,
    name: logoUrl === null ? appName : undefined,
    support,
    supportUrl: safe(supportUrl),
    supportAddress: supportUrl?.replace(/^mailto:/i, ''),
  }
}

function safe(link: string | null): string | undefined {
  return link !== null && isSafeLink(link) ? link : undefined
}

function numbered(key: string, texts: string[], placeholders: Record<string, string>): Record<string, string> {
  return Object.fromEntries(texts.map((line, index) => [`${key}.${index}`, fill(line, placeholders)]))
}

/** Fills %%key%% and removes each block between %%if key%% and %%end%% whose value is undefined. */
function insert(markup: string, values: Values, escape: (value: string) => string): string {
  const chosen = markup.replace(/%%if (\w+)%%\n?([^]*?)%%end%%\n?/g, (_, key: string, block: string) =>
    values[key] === undefined ? '' : block,
  )
  return chosen.replace(/%%([\w.]+)%%/g, (_, key: string) => {
    const value = values[key]
    if (value === undefined) throw new MissingValueError(key)
    return escape(value)
  })
}
