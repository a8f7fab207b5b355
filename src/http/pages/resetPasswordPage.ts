import { fill } from '../../i18n/text'
import { type Html, html } from './html'
import { type PageContext, askSection, deadLinkSections, doneSection, paragraph, problem, section } from './sections'

const HELP = { operation: 'requestReset' } as const

/** `/reset-password`: asks for the new password, with the policy and a live estimate of its strength. */
export function resetPasswordPage(context: PageContext): Html {
  const texts = context.texts.resetPassword
  return html`${section('ready', texts.title, html`${paragraph(texts.lead, context)}${passwordForm(context)}`)}
  ${askSection(texts, context, HELP)}${doneSection(texts, context)}
  ${deadLinkSections(texts, context, { ...HELP, sent: texts.sent })}`
}

// No maxlength: a browser would silently truncate what a password manager pastes, and it counts UTF-16 units.
function passwordForm(context: PageContext): Html {
  const { passwordPolicy } = context
  const texts = context.texts.resetPassword
  const { minLength: min, maxLength: max } = passwordPolicy
  return html`<form method="post" data-operation="confirmReset" data-next="done" data-with-token novalidate>
    <label for="password">${texts.password}</label>
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
    ${problem('password-problem', context)}
    <label class="choice"><input type="checkbox" data-reveals="password" />${texts.show}</label>
    <div class="hint" id="password-rule">
      <p>${fill(texts.rule, { min, max })}</p>
      <p>${texts.advice}</p>
    </div>
    ${strengthMeter(context)}
    <button class="button">${texts.button}</button>
  </form>`
}

function strengthMeter({ texts, passwordPolicy }: PageContext): Html {
  const { label, note, empty, ...levels } = texts.strength
  const names = Object.values(levels)
  const needed = names[passwordPolicy.minScore] ?? ''
  return html`<div class="strength" data-strength-of="password" data-empty="${empty}" data-levels="${names.join('|')}">
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
    <p class="hint">${fill(note, { level: needed })}</p>
  </div>`
}
