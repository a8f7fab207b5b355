import type { Catalogue } from '../../generated/locales'
import { fill } from '../../i18n/text'
import { type Html, fillHtml, html } from './html'

export interface PageContext {
  texts: Catalogue['pages']
  appName: string
  /** Where people go on when they are done; null: nowhere. */
  appUrl: string | null
  /** Lengths in code points, score from 0 to 4. */
  passwordPolicy: { minLength: number; maxLength: number; minScore: number }
}

/** What a page can show, one at a time: it starts at `ready`, or at `invalid` where the link holds no token. */
type StepName = 'ready' | 'done' | 'sent' | 'expired' | 'invalid'

/** Line drawings on a ground of 24 by 24. */
const ICONS: Record<StepName, string> = {
  ready: 'M12 3l7.5 3v5.5c0 4.5-3 7.8-7.5 9.5c-4.5-1.7-7.5-5-7.5-9.5V6z',
  done: 'M5 12.5l4.5 4.5L19 7.5',
  sent: 'M20 4L3.5 11l6 2.5L12.5 20zM9.5 13.5L20 4',
  expired: 'M12 4a8 8 0 1 1 0 16a8 8 0 0 1 0-16zM12 8v4.5l3 2',
  invalid:
    'M10 14a4 4 0 0 0 5.7 0l2.8-2.8a4 4 0 0 0-5.7-5.7M14 10a4 4 0 0 0-5.7 0l-2.8 2.8a4 4 0 0 0 5.7 5.7M4 4l16 16',
}

/** One step of a page. Its heading can take the focus, so that a screen reader tells the news when the script turns to it. */
export function step(name: StepName, title: string, content: Html): Html {
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

/** What was done, and where to go from here. */
export function doneStep(said: { doneTitle: string; done: string }, context: PageContext): Html {
  const { texts, appName, appUrl } = context
  const next = appUrl
    ? html`<p><a class="button" href="${appUrl}">${fill(texts.common.continue, { appName })}</a></p>`
    : html`<p>${texts.common.close}</p>`
  return step('done', said.doneTitle, html`${paragraph(said.done, context)}${next}`)
}

/** The two ways in which a link is of no use any more, each with its explanation and what helps. */
export function deadLinkSteps(said: { expired: string; invalid: string }, context: PageContext, help?: AskAgain): Html {
  const { expiredTitle, invalidTitle } = context.texts.common
  const form = (id: string) => (help ? askAgainForm(id, help, context) : html``)
  return html`${step('expired', expiredTitle, html`${paragraph(said.expired, context)}${form('email-if-expired')}`)}
  ${step('invalid', invalidTitle, html`${paragraph(said.invalid, context)}${form('email-if-invalid')}`)}
  ${help ? step('sent', context.texts.common.sentTitle, paragraph(help.sent, context)) : html``}`
}

interface AskAgain {
  operation: 'resendVerification' | 'requestReset'
  /** What is said once a new link was asked for: the same for every address. */
  sent: string
}

function askAgainForm(id: string, help: AskAgain, { texts }: PageContext): Html {
  return html`<form method="post" data-operation="${help.operation}" data-next="sent" novalidate>
    <label for="${id}">${texts.common.email}</label>
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
    <button class="button">${texts.common.sendLink}</button>
  </form>`
}
