import { LOCALES } from '../generated/locales'
import { type TextTree, catalogueProblems, templateProblems } from './mailChecks'
import { type MailContent, type MailTexts, SHIPPED } from './mailContent'
import { renderingProblem } from './renderingProblem'
import { MAIL_NAMES, type MailName } from './templates'

/** A brand writes its own name where it likes. */
const OPTIONAL = ['appName']

/** Lists of paragraphs that are longer or shorter than in another language. The file that changes their number is named. */
export function paragraphProblems({ texts }: Pick<MailContent, 'texts'>): string[] {
  return MAIL_NAMES.flatMap((name) =>
    Object.entries<TextTree[string]>(SHIPPED.texts.en.mails[name]).flatMap(([key, shipped]) => {
      if (!Array.isArray(shipped)) return []
      const counts = LOCALES.map((locale) => ({ locale, count: countParagraphs(texts[locale], name, key) }))
      const changed = counts.filter(({ count }) => count !== shipped.length)
      return changed.flatMap(({ locale, count }) => {
        const others = counts.filter((other) => other.count !== count).map((other) => other.locale)
        if (others.length === 0) return []
        const found = `mails.${name}.${key} has ${count} paragraphs where the release has ${shipped.length}`
        return [
          `locales/${locale}.json: ${found}: keep ${shipped.length}, or change the list in ${others.join(', ')} too`,
        ]
      })
    }),
  )
}

function countParagraphs({ mails }: MailTexts, name: MailName, key: string): number {
  const list = new Map(Object.entries<TextTree[string]>(mails[name])).get(key)
  return Array.isArray(list) ? list.length : 0
}

/** The checks of the compilation. A template that is not among `files` of the folder is called the release's. */
export function contentProblems({ texts, templates }: MailContent, files: ReadonlySet<string>): string[] {
  return [
    ...catalogueProblems(texts, { keys: texts.en, placeholders: SHIPPED.texts.en, optional: OPTIONAL }),
    ...templateProblems(texts.en, templates, {
      extension: 'html',
      shipped: SHIPPED.templates,
      nameOf: (file) => (files.has(file) ? file : `${file} (of the release: your texts need one of your own)`),
    }),
  ]
}

/** What only rendering shows, of each file that is changed. */
export function renderingProblems(content: MailContent): string[] {
  const { templates } = SHIPPED
  return MAIL_NAMES.flatMap((name) =>
    (['html', 'text'] as const).flatMap((part) => {
      if (content.templates[name][part] === templates[name][part]) return []
      const file = `${name}.${part === 'html' ? 'html' : 'txt'}`
      // The other part is the shipped one, so that the problem is of this file.
      const tried = { ...templates[name], [part]: content.templates[name][part] }
      const parts = { ...content, templates: { ...templates, [name]: tried } }
      const problem = renderingProblem(parts, name, part)
      return problem ? [`${file}: ${problem}`] : []
    }),
  )
}
