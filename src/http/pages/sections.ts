import type { Catalogue } from '../../generated/locales'
import { fill } from '../../i18n/text'
import { ICONS, type IconName } from '../../lib/icons'
import { type Html, fillHtml, html } from './html'

export interface PageContext {
  texts: Catalogue['pages']
  appName: string
  /** The app's URL for the last step; null: no link. */
  appUrl: string | null
  /** Where a person finds help; null: nowhere. */
  supportUrl: string | null
  /** Lengths in code points, score from 0 to 4. */
  passwordPolicy: { minLength: number; maxLength: number; minScore: number }
}

/**
 * The sections of a page, shown one at a time: first `ready`. Without a token it is `ask` where the page can send a link, else
 * `invalid`.
 */
type SectionName = 'ready' | 'ask' | 'done' | 'sent' | 'expired' | 'invalid'

interface Heading {
  name: SectionName
  title: string
  icon: IconName
}

/** One section of a page. Its heading can take the focus, so that a screen reader reads it when the script shows the section. */
export function section({ name, title, icon }: Heading, content: Html): Html {
  return html`<section data-step="${name}" hidden>
    <div class="heading">
      <svg class="icon${icon === 'undo' ? ' directed' : ''}" viewBox="0 0 24 24" aria-hidden="true">
        <path d="${ICONS[icon]}" />
      </svg>
      <h1 tabindex="-1">${title}</h1>
    </div>
    ${content}
  </section>`
}

/** A paragraph of the catalogue. The script writes the address into the place of `{email}`. */
export function paragraph(text: string, context: PageContext): Html {
  return html`<p>${fillHtml(text, { appName: context.appName, email: html`<bdi data-email></bdi>` })}</p>`
}

/** The result, and a link to the app. `account` names the account where the result's text does not. */
export function doneSection(texts: { doneTitle: string; done: string }, context: PageContext, account = html``): Html {
  const next = context.appUrl ? linkToApp(context) : html`<p>${context.texts.common.close}</p>`
  return section(
    { name: 'done', title: texts.doneTitle, icon: 'check' },
    html`${account}${paragraph(texts.done, context)}${next}`,
  )
}

function linkToApp({ appName, appUrl, texts }: PageContext): Html {
  if (!appUrl) return html``
  return html`<p><a class="button" href="${appUrl}">${fill(texts.common.continue, { appName })}</a></p>`
}

/** For whoever comes without a link: asks for the address to send one to. */
export function askSection(
  texts: { askTitle: string; ask: string },
  context: PageContext,
  help: Pick<AskAgain, 'operation'>,
): Html {
  return section(
    { name: 'ask', title: texts.askTitle, icon: 'mail' },
    html`${paragraph(texts.ask, context)}${addressForm('email', { ...help, button: context.texts.common.sendLink }, context)}`,
  )
}

/** The two sections for a link that no longer works, each with its explanation and what to do: ask for a new one where `help` is given. */
export function deadLinkSections(
  texts: { expired: string; invalid: string },
  context: PageContext,
  help?: AskAgain,
): Html {
  const { expiredTitle, invalidTitle, sentTitle } = context.texts.common
  const wayOn = (id: string) =>
    html`${help ? addressForm(id, { ...help, button: context.texts.common.sendNewLink }, context) : linkToApp(context)}${support(context)}`
  const expired = html`${paragraph(texts.expired, context)}${wayOn('email-if-expired')}`
  const invalid = html`${paragraph(texts.invalid, context)}${wayOn('email-if-invalid')}`
  return html`${section({ name: 'expired', title: expiredTitle, icon: 'clock' }, expired)}
  ${section({ name: 'invalid', title: invalidTitle, icon: 'brokenLink' }, invalid)}
  ${help ? section({ name: 'sent', title: sentTitle, icon: 'sent' }, paragraph(help.sent, context)) : html``}`
}

/** For whoever cannot go on alone. The script repeats it beside a problem that another input does not mend. */
export function support({ supportUrl, texts }: PageContext): Html {
  return supportUrl === null ? html`` : html`<p class="support"><a href="${supportUrl}">${texts.common.support}</a></p>`
}

interface AskAgain {
  operation: 'resendVerification' | 'requestReset'
  /** The text once a new link was asked for: the same for every address. */
  sent: string
}

/** Asks for the address to send a link to. */
function addressForm(
  id: string,
  { operation, button }: Pick<AskAgain, 'operation'> & { button: string },
  context: PageContext,
): Html {
  return html`<form method="post" data-operation="${operation}" data-next="sent" novalidate>
    <label for="${id}">${context.texts.common.email}</label>
    <input
      id="${id}"
      name="email"
      type="email"
      dir="ltr"
      autocomplete="email"
      autocapitalize="none"
      spellcheck="false"
      required
      aria-describedby="${id}-problem"
    />
    <div class="problem" id="${id}-problem" role="alert"></div>
    <button class="button">${button}</button>
  </form>`
}
