import { type Html, html } from './html'
import { type PageContext, paragraph, section, support } from './sections'

/**
 * `/login-code`: shows the code of the link, to be typed where it was asked for. It sends nothing: whoever only reads the
 * mailbox, a scanner included, has no challenge, so nothing can be spent or started here. In the browser that asked on the
 * account page, a link leads back there with the code filled in.
 */
export function loginCodePage(context: PageContext): Html {
  const texts = context.texts.loginCode
  const code = html`<p class="code"><bdi dir="ltr" data-code></bdi></p>`
  const finish = html`<p>
    <a class="button" data-finish href="/account/code" hidden>${context.texts.account.signIn}</a>
  </p>`
  const ready = html`${paragraph(texts.lead, context)}${code}${finish}${paragraph(texts.note, context)}`
  const { invalidTitle } = context.texts.common
  const invalid = html`${paragraph(texts.invalid, context)}${support(context)}`
  return html`${section({ name: 'ready', title: texts.title, icon: 'code' }, ready)}
  ${section({ name: 'invalid', title: invalidTitle, icon: 'brokenLink' }, invalid)}`
}
