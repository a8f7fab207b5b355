import { CATALOGUES, type Catalogue, type Locale } from '../generated/locales'
import { MAIL_MARKUP } from '../generated/mails'
import type { TemplateSource } from './mailChecks'
import type { MailName } from './templates'

/** The texts of the mails in one language. */
export type MailTexts = Pick<Catalogue, 'mailLayout' | 'mails'>

/** What mails are rendered from: their texts and their templates, as compiled or with the changes of MAIL_TEMPLATES_DIR. */
export interface MailContent {
  texts: Readonly<Record<Locale, MailTexts>>
  templates: Readonly<Record<MailName, TemplateSource>>
}

/** The content that the release brings. */
export const SHIPPED: MailContent = { texts: CATALOGUES, templates: MAIL_MARKUP }
