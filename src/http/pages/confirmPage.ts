import { type Html, html } from './html'
import { type PageContext, askSection, deadLinkSections, doneSection, paragraph, section } from './sections'

const ICON_OF = {
  verifyEmail: 'confirmMail',
  confirmEmailChange: 'address',
  undoEmailChange: 'undo',
  rejectLogin: 'device',
} as const

/** The page behind a link that only needs a click. Nothing happens before the click: mail scanners open links, too. */
function clickSection(operation: keyof typeof ICON_OF, context: PageContext): Html {
  const texts = context.texts[operation]
  return section(
    { name: 'ready', title: texts.title, icon: ICON_OF[operation] },
    html`${paragraph(texts.lead, context)}
      <form method="post" data-operation="${operation}" data-next="done" data-with-token>
        <div class="problem" role="alert"></div>
        <button class="button">${texts.button}</button>
      </form>`,
  )
}

/** `/verify-email`: one click confirms the address of a registration. */
export function verifyEmailPage(context: PageContext): Html {
  const texts = context.texts.verifyEmail
  const help = { operation: 'resendVerification' } as const
  return html`${clickSection('verifyEmail', context)}${askSection(texts, context, help)}${doneSection(texts, context)}
  ${deadLinkSections(texts, context, { ...help, sent: texts.sent })}`
}

/** `/confirm-email-change`: one click moves the account to the new address. Only its owner, logged in, can ask again. */
export function confirmEmailChangePage(context: PageContext): Html {
  const texts = context.texts.confirmEmailChange
  return html`${clickSection('confirmEmailChange', context)}${doneSection(texts, context)}${deadLinkSections(texts, context)}`
}

/** `/undo-email-change`: one click gives the account its former address back. A dead link cannot be asked for again. */
export function undoEmailChangePage(context: PageContext): Html {
  const texts = context.texts.undoEmailChange
  return html`${clickSection('undoEmailChange', context)}${doneSection(texts, context)}${deadLinkSections(texts, context)}`
}

/** `/reject-login`: one click ends the session of a login that was not the owner's. Behind a dead link a reset helps as well. */
export function rejectLoginPage(context: PageContext): Html {
  const texts = context.texts.rejectLogin
  const help = { operation: 'requestReset', sent: context.texts.resetPassword.sent } as const
  return html`${clickSection('rejectLogin', context)}${doneSection(texts, context)}
  ${deadLinkSections(texts, context, help)}`
}
