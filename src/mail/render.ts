import { MAIL_TEMPLATES } from '../generated/mails'
import { type Locale, direction } from '../i18n/locale'
import { fill, text } from '../i18n/text'
import { durationText, instantText } from '../i18n/time'
import { escapeHtml } from '../lib/escapeHtml'
import { MAILS, type MailName, type MailPayload, isSafeLink } from './mails'
import { isMailableName, plainLine, wrapped } from './plainText'

export interface Brand {
  appName: string
  /** `#rrggbb`, dark enough for white text. */
  brandColor: string
  /** Where people log in; null where the operator named no place. */
  appUrl: string | null
}

export interface MailToRender<Name extends MailName> {
  name: Name
  payload: MailPayload<Name>
  locale: Locale
  brand: Brand
}

export interface RenderedMail {
  subject: string
  html: string
  text: string
}

/** What any mail may be given to tell; a mail's own schema says which of it. */
interface Facts {
  displayName?: string | null
  link?: string
  resetLink?: string
  expiresIn?: number
  at?: Date
}

interface MailTexts {
  subject: string
  preheader: string
  heading: string
  body: string[]
  notes: string[]
  button?: string
}

/**
 * One mail in one language. Pure. Throws a ZodError for a payload that its mail does not accept, such as a link that
 * runs something. Values go in last and in one pass, escaped for where they stand; no user's text is in a subject.
 */
export function renderMail<Name extends MailName>({ name, payload, locale, brand }: MailToRender<Name>): RenderedMail {
  const facts: Facts = MAILS[name].payload.parse(payload)
  const values = valuesOf(text(locale).mails[name], { facts, locale, brand })
  const template = MAIL_TEMPLATES[name]
  return {
    subject: values.subject,
    html: insert(template.html, values, escapeHtml),
    text: wrapped(insert(template.text, values, (value) => value)),
  }
}

type Values = Record<string, string | undefined> & { subject: string }

function valuesOf(
  texts: MailTexts,
  { facts, locale, brand }: Omit<MailToRender<MailName>, 'name' | 'payload'> & { facts: Facts },
): Values {
  const { mailFrame } = text(locale)
  const { appName, brandColor, appUrl } = brand
  const told = {
    appName,
    ...(facts.expiresIn !== undefined && { duration: durationText(locale, facts.expiresIn) }),
    ...(facts.at && { date: instantText(locale, facts.at) }),
  }
  const given = plainLine(facts.displayName ?? '')
  const name = isMailableName(given) ? given : ''
  const dir = direction(locale)
  return {
    ...{ lang: locale, dir, start: dir === 'rtl' ? 'right' : 'left', appName, brandColor },
    ...{ link: facts.link, resetLink: facts.resetLink },
    loginLink: appUrl !== null && isSafeLink(appUrl) ? appUrl : undefined,
    greeting: name === '' ? mailFrame.greeting : fill(mailFrame.greetingNamed, { name }),
    fallback: mailFrame.fallback,
    footer: fill(mailFrame.footer, told),
    subject: fill(texts.subject, told),
    preheader: fill(texts.preheader, told),
    heading: fill(texts.heading, told),
    button: texts.button,
    ...numbered('body', texts.body, told),
    ...numbered('notes', texts.notes, told),
  }
}

function numbered(key: string, texts: string[], told: Record<string, string>): Record<string, string> {
  return Object.fromEntries(texts.map((line, index) => [`${key}.${index}`, fill(line, told)]))
}

/** Fills %%key%% and drops each block between %%if key%% and %%end%% whose value is missing. */
function insert(template: string, values: Values, escape: (value: string) => string): string {
  const chosen = template.replace(/%%if (\w+)%%\n?([^]*?)%%end%%\n?/g, (_, key: string, block: string) =>
    values[key] === undefined ? '' : block,
  )
  return chosen.replace(/%%([\w.]+)%%/g, (_, key: string) => {
    const value = values[key]
    if (value === undefined) throw new Error(`Nothing fills ${key}`)
    return escape(value)
  })
}
