import { z } from 'zod'
import { entriesOf, plainUrl, refuse } from './accepted'
import { MAIL } from './defaults'

/** A link of a mail, with `{token}` where the token stands. */
export const mailedLink = linkWith('{token}')
/** The same for the link that carries a mailed code. */
export const mailedCodeLink = linkWith('{code}')

function linkWith(placeholder: string) {
  return z.string().superRefine((text, context) => {
    const mistake = linkMistake(text, placeholder)
    if (mistake !== null) refuse(context, mistake)
  })
}

function linkMistake(text: string, placeholder: string): string | null {
  const accepted = `a URL that contains ${placeholder}`
  if (/\{\{|\$\{|\}\}/.test(text)) return `${accepted}, in single braces`
  if (!text.includes(placeholder)) return accepted
  if (/\s|^(javascript|data|vbscript|file|blob|about):/i.test(text)) return 'a URL that a mail program opens safely'
  const marked = text.replaceAll(placeholder, 'a-token')
  if (!URL.canParse(marked)) return accepted
  const { protocol, username, password, host } = new URL(marked)
  if ([protocol, username, password, host].some((part) => part.includes('a-token'))) {
    return `${accepted} in its path, query or fragment, not in its host`
  }
  return username + password === '' ? null : 'a URL without user name and password'
}

/** Pages of apps that a mailed link may lead to: the token is added as a fragment. */
export const redirectUrls = z.string().transform((text, context) => {
  const items = [...new Set(entriesOf(text))]
  for (const item of items) {
    if (!isRedirect(item)) refuse(context, 'URLs without fragment, user name and password, separated by commas', item)
  }
  return items.length <= MAIL.maxRedirects ? items : refuse(context, `${MAIL.maxRedirects} URLs at most`)
})

function isRedirect(text: string): boolean {
  if (/[\s#]|^(javascript|data|vbscript|file|blob|about):/i.test(text) || !URL.canParse(text)) return false
  const { username, password } = new URL(text)
  return username + password === ''
}

/** The link to the app on the hosted pages: a web address, or an app's own scheme. */
export const appUrl = z.string().superRefine((text, context) => {
  if (/\s|^(javascript|data|vbscript|file|blob|about):/i.test(text) || !URL.canParse(text)) refuse(context, 'a URL')
  else if (new URL(text).username + new URL(text).password !== '') {
    refuse(context, 'a URL without user name and password')
  }
})

const LOGO = 'an https: URL of a picture, as in https://example.com/logo.svg'

/** A content security policy names its host: it knows no IPv6 address, and takes a star for every host. */
export const logoUrl = plainUrl(LOGO, 'https:', 'http:').refine(
  (text) => !URL.canParse(text) || /^[a-z\d.-]+$/i.test(new URL(text).hostname),
  `${LOGO}: its host is a name or an IPv4 address`,
)

/** Where people find help: a page, or an address to write to. */
export const supportUrl = z
  .string()
  .refine(isSupport, 'an https: URL or a mailto: address, as in mailto:support@example.com')

function isSupport(text: string): boolean {
  if (/\s/.test(text) || !URL.canParse(text)) return false
  const { protocol, username, password, pathname } = new URL(text)
  if (protocol === 'mailto:') return /^[^@<>]+@[^@<>]+$/.test(pathname)
  return protocol === 'https:' && username + password === ''
}
