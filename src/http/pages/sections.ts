import type { Catalogue } from '../../generated/locales'
import { fill } from '../../i18n/text'
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

/** SVG paths in a view box of 24 by 24. */
const ICONS: Record<SectionName, string> = {
  ready: 'M12 3l7.5 3v5.5c0 4.5-3 7.8-7.5 9.5c-4.5-1.7-7.5-5-7.5-9.5V6z',
  ask: 'M4 6h16v12H4zM4 7l8 6l8-6',
  done: 'M5 12.5l4.5 4.5L19 7.5',
  sent: 'M20 4L3.5 11l6 2.5L12.5 20zM9.5 13.5L20 4',
  expired: 'M12 4a8 8 0 1 1 0 16a8 8 0 0 1 0-16zM12 8v4.5l3 2',
  invalid:
    'M10 14a4 4 0 0 0 5.7 0l2.8-2.8a4 4 0 0 0-5.7-5.7M14 10a4 4 0 0 0-5.7 0l-2.8 2.8a4 4 0 0 0 5.7 5.7M4 4l16 16',
}

/** One section of a page. Its heading can take the focus, so that a screen reader reads it when the script shows the section. */
export function section(name: SectionName, title: string, content: Html): Html {
  return html`<section data-step="${name}" hidden>
    <svg class="icon" viewBox="0 0 24 24" aria-hidden="true"><path d="${ICONS[name]}" /></svg>
    <h1 tabindex="-1">${title}</h1>
    ${content}
  </section>`
}

/** A paragraph of the catalogue. The script writes the address into the place of `{email}`. */
export function paragraph(text: string, context: PageContext): Html {
  return html`<p>${fillHtml(text, { appName: context.appName, email: html`<bdi data-email></bdi>` })}</p>`
}

/** The result, and a link to the app. */
export function doneSection(texts: { doneTitle: string; done: string }, context: PageContext): Html {
  const { appName, appUrl } = context
  const { common } = context.texts
  const next = appUrl
    ? html`<p><a class="button" href="${appUrl}">${fill(common.continue, { appName })}</a></p>`
    : html`<p>${common.close}</p>`
  return section('done', texts.doneTitle, html`${paragraph(texts.done, context)}${next}`)
}

/** For whoever comes without a link: asks for the address to send one to. */
export function askSection(
  texts: { askTitle: string; ask: string },
  context: PageContext,
  help: Pick<AskAgain, 'operation'>,
): Html {
  return section('ask', texts.askTitle, html`${paragraph(texts.ask, context)}${askAgainForm('email', help, context)}`)
}

/** The two sections for a link that no longer works, each with its explanation and, where `help` is given, a form for a new one. */
export function deadLinkSections(
  texts: { expired: string; invalid: string },
  context: PageContext,
  help?: AskAgain,
): Html {
  const { expiredTitle, invalidTitle, sentTitle } = context.texts.common
  const wayOn = (id: string) => html`${help ? askAgainForm(id, help, context) : html``}${support(context)}`
  return html`${section('expired', expiredTitle, html`${paragraph(texts.expired, context)}${wayOn('email-if-expired')}`)}
  ${section('invalid', invalidTitle, html`${paragraph(texts.invalid, context)}${wayOn('email-if-invalid')}`)}
  ${help ? section('sent', sentTitle, paragraph(help.sent, context)) : html``}`
}

/** For whoever cannot go on alone. */
export function support({ supportUrl, texts }: PageContext): Html {
  return supportUrl === null ? html`` : html`<p class="support"><a href="${supportUrl}">${texts.common.support}</a></p>`
}

/** Where a form says what went wrong; `id` is for the field that it describes. Where no other input helps, the support is shown. */
export function problem(id: string, context: PageContext): Html {
  return html`<div class="problem" id="${id}" role="alert"></div>
    ${context.supportUrl === null ? html`` : html`<div data-if-stuck hidden>${support(context)}</div>`}`
}

interface AskAgain {
  operation: 'resendVerification' | 'requestReset'
  /** The text once a new link was asked for: the same for every address. */
  sent: string
}

function askAgainForm(id: string, help: Pick<AskAgain, 'operation'>, context: PageContext): Html {
  return html`<form method="post" data-operation="${help.operation}" data-next="sent" novalidate>
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
    ${problem(`${id}-problem`, context)}
    <button class="button">${context.texts.common.sendLink}</button>
  </form>`
}
