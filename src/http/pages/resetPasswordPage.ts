import { fill } from '../../i18n/text'
import { type Html, html } from './html'
import { type PageContext, askSection, deadLinkSections, doneSection, paragraph, section } from './sections'

const HELP = { operation: 'requestReset' } as const

/** `/reset-password`: asks for the new password, with the policy and a live estimate of its strength. */
export function resetPasswordPage(context: PageContext): Html {
  const texts = context.texts.resetPassword
  const ready = html`${paragraph(texts.lead, context)}${passwordForm(context)}`
  return html`${section({ name: 'ready', title: texts.title, icon: 'key' }, ready)}
  ${askSection(texts, context, HELP)}${doneSection(texts, context, html`<p data-account><bdi data-email></bdi></p>`)}
  ${deadLinkSections(texts, context, { ...HELP, sent: texts.sent })}`
}

/*
 * No maxlength: a browser would silently truncate what a password manager pastes, and it counts UTF-16 units. The user name is
 * for password managers, and written by the script as soon as it knows the address.
 */
function passwordForm(context: PageContext): Html {
  const { passwordPolicy } = context
  const { account, resetPassword: texts } = context.texts
  const { minLength: min, maxLength: max } = passwordPolicy
  return html`<form method="post" data-operation="confirmReset" data-next="done" data-with-token novalidate>
    <input type="email" autocomplete="username" data-username readonly hidden />
    <label for="password" id="password-label">${texts.password}</label>
    <div class="field">
      <input
        id="password"
        name="password"
        type="password"
        dir="auto"
        autocomplete="new-password"
        autocapitalize="none"
        spellcheck="false"
        required
        passwordrules="minlength: ${min}; maxlength: ${max};"
        aria-describedby="password-rule password-problem"
      />
      <button
        type="button"
        class="reveal"
        data-reveals="password"
        data-hide="${account.hide}"
        aria-controls="password"
        aria-describedby="password-label"
      >
        ${account.show}
      </button>
    </div>
    <div class="problem" id="password-problem" role="alert"></div>
    <div class="hint" id="password-rule" data-help-of="password" hidden>
      <p>${fill(texts.rule, { min, max })}</p>
      <p data-until-typed>${texts.advice}</p>
    </div>
    ${strengthMeter(context)}
    <button class="button">${texts.button}</button>
  </form>`
}

/** Shown from the first character on, with the level that is needed as long as that is not reached. */
function strengthMeter({ texts, passwordPolicy }: PageContext): Html {
  const { label, note, empty, ...levels } = texts.strength
  const names = Object.values(levels)
  const needed = passwordPolicy.minScore
  return html`<div
    class="strength"
    data-strength-of="password"
    data-empty="${empty}"
    data-levels="${names.join('|')}"
    data-needed="${needed + 1}"
    hidden
  >
    <p class="reading"><span id="strength-label">${label}</span> <output for="password">${empty}</output></p>
    <div
      class="bar"
      role="meter"
      aria-labelledby="strength-label"
      aria-valuemin="0"
      aria-valuemax="5"
      aria-valuenow="0"
      aria-valuetext="${empty}"
    >
      <i></i><i></i><i></i><i></i><i></i>
    </div>
    <p class="hint" data-too-weak>${fill(note, { level: names[needed] ?? '' })}</p>
  </div>`
}
