import { type Html, html } from './html'
import { type PageContext, deadLinkSteps, doneStep, paragraph, step } from './steps'

/** The page behind a link that only needs a click. Nothing happens before the click: mail scanners open links, too. */
function clickStep(operation: 'verifyEmail' | 'confirmEmailChange', context: PageContext): Html {
  const said = context.texts[operation]
  return step(
    'ready',
    said.title,
    html`${paragraph(said.lead, context)}
      <form method="post" data-operation="${operation}" data-next="done" data-with-token>
        <div class="problem" role="alert"></div>
        <button class="button">${said.button}</button>
      </form>`,
  )
}

/** `/verify-email`: one click confirms the address of a registration. */
export function verifyEmailPage(context: PageContext): Html {
  const said = context.texts.verifyEmail
  return html`${clickStep('verifyEmail', context)}${doneStep(said, context)}
  ${deadLinkSteps(said, context, { operation: 'resendVerification', sent: said.sent })}`
}

/** `/confirm-email-change`: one click moves the account to the new address. Only its owner, logged in, can ask again. */
export function confirmEmailChangePage(context: PageContext): Html {
  const said = context.texts.confirmEmailChange
  return html`${clickStep('confirmEmailChange', context)}${doneStep(said, context)}${deadLinkSteps(said, context)}`
}
