/**
 * The checks of texts and templates: when they are compiled (scripts/compile-emails.mjs), and where MAIL_TEMPLATES_DIR replaces
 * some of them. This file imports nothing, so that the compilation can load it before anything else is built.
 */

/** Texts by key, of one language. */
export interface TextTree {
  readonly [key: string]: string | readonly string[] | TextTree
}

/** The sources of a mail's two parts, with %%placeholders%%. */
export interface TemplateSource {
  html: string
  text: string
}

/** Placeholders that are no texts of the mail: the layout, the brand and the payload fill them. */
const VALUES = [
  ...['lang', 'dir', 'start', 'appName', 'brandColor', 'greeting', 'fallback', 'footer'],
  ...['link', 'loginLink', 'resetLink', 'code', 'device', 'accountUrl', 'address', 'usedDevice'],
  ...['logo', 'name', 'support', 'supportUrl', 'supportAddress'],
]

/** What a mail is of no use without, where it has it. */
export const NEEDED = ['link', 'resetLink', 'code']

/** None but line breaks and tabs, which a paragraph may have. */
const CONTROL = /[^\P{Cc}\n\t]/u

function isBrokenSubject([key, text]: readonly [key: string, text: string]): boolean {
  return /(?:^|\.)subject(?:WithCode)?$/.test(key) && /[\n\t\u2028\u2029]/.test(text)
}

interface Measure {
  /** The texts that every language must have. */
  keys: TextTree
  /** The texts whose {placeholders} the others must have. A text that it lacks is measured by `keys`. */
  placeholders: TextTree
  /** Placeholders that a text may leave out. */
  optional: readonly string[]
}

/** What one catalogue has that another lacks, by keys and by the {placeholders} of each text. English is the measure. */
export function catalogueProblems(
  catalogues: Readonly<Record<string, TextTree>>,
  { keys, placeholders, optional }: Partial<Measure> = {},
): string[] {
  const measure = textsOf(keys ?? catalogues.en ?? {})
  for (const [key, text] of textsOf(placeholders ?? {})) if (measure.has(key)) measure.set(key, text)
  return Object.entries(catalogues).flatMap(([tag, catalogue]) => {
    const texts = textsOf(catalogue)
    const found = [
      ...[...texts].filter(([, text]) => CONTROL.test(text)).map(([key]) => `${key} holds a control character`),
      ...[...texts].filter(isBrokenSubject).map(([key]) => `${key} holds a line break`),
      ...[...measure.keys()].filter((key) => !texts.has(key)).map((key) => `${key} is missing`),
      ...[...texts.keys()].filter((key) => !measure.has(key)).map((key) => `${key} is not in en`),
      ...[...texts].flatMap(([key, text]) => placeholderProblem(key, { text, wanted: measure.get(key), optional })),
      ...pluralProblems(tag, catalogue.durations),
    ]
    return found.map((problem) => `locales/${tag}.json: ${problem}`)
  })
}

interface TemplateMeasure {
  extension: string
  shipped?: Readonly<Record<string, TemplateSource>>
  /** How a problem names a file. */
  nameOf?: (file: string) => string
}

/**
 * Each mail's texts against its templates: a text that nobody shows, a placeholder that nobody fills, and a link or code that
 * `shipped` shows and the template does not.
 */
export function templateProblems(
  { mails }: { mails: Readonly<Record<string, TextTree>> },
  templates: Readonly<Record<string, TemplateSource>>,
  { extension, shipped = {}, nameOf = (file) => file }: TemplateMeasure,
): string[] {
  const names = new Set([...Object.keys(mails), ...Object.keys(templates)])
  return [...names].flatMap((name) => {
    const [mail, template] = [mails[name], templates[name]]
    if (!mail) return [`${name}.${extension} has no texts under mails.${name}`]
    if (!template) return [`mails.${name} has no template ${name}.${extension}`]
    // The other subject, for LOGIN_CODE_IN_SUBJECT, stands in no template.
    const texts = [...textsOf(mail).keys()].filter((key) => key !== 'subjectWithCode')
    const shownInText = texts.filter((key) => key !== 'subject' && key !== 'preheader')
    const needed = NEEDED.filter((key) => shownIn(shipped[name]?.text ?? '').has(key))
    return [
      ...differences(nameOf(`${name}.${extension}`), [...texts, ...needed], template.html),
      ...differences(nameOf(`${name}.txt`), [...shownInText, ...needed], template.text),
    ]
  })
}

function differences(file: string, texts: readonly string[], template: string): string[] {
  const [used, shown] = [usedIn(template), shownIn(visible(template))]
  return [
    ...texts.filter((key) => !shown.has(key)).map((key) => `${file} does not show ${key}`),
    ...[...used]
      .filter((key) => !texts.includes(key) && !VALUES.includes(key))
      .map((key) => `${file}: nothing fills %%${key}%%`),
  ]
}

/** What a reader may see of HTML: no comments, among them what is for Outlook alone, no styles and no scripts. */
export function visible(html: string): string {
  return html.replace(/<!--[^]*?-->/g, '').replace(/<(style|script|template)\b[^]*?<\/\1\s*>/gi, '')
}

function usedIn(template: string): Set<string> {
  const conditions = [...template.matchAll(/%%if ([\w.]+)%%/g)].map(([, key = '']) => key)
  return new Set([...shownIn(template), ...conditions])
}

/** Without the conditions of blocks, which show nothing. */
function shownIn(template: string): Set<string> {
  const shown = new Set([...template.matchAll(/%%([\w.]+)%%/g)].map(([, key = '']) => key))
  shown.delete('end')
  return shown
}

function placeholderProblem(
  key: string,
  {
    text,
    wanted,
    optional = [],
  }: { text: string; wanted: string | undefined; optional?: readonly string[] | undefined },
): string[] {
  if (wanted === undefined) return []
  const [has, should] = [placeholdersOf(text), placeholdersOf(wanted)]
  const fits =
    has.every((name) => should.includes(name)) && should.every((name) => has.includes(name) || optional.includes(name))
  return fits ? [] : [`${key} has [${has.join(', ')}] where en has [${should.join(', ')}]`]
}

/** A language needs the forms that its rules pick for whole numbers, no more. */
function pluralProblems(tag: string, durations: TextTree[string] | undefined): string[] {
  if (durations === undefined || typeof durations === 'string') return []
  const rules = new Intl.PluralRules(tag)
  const needed = new Set<string>(Array.from({ length: 200 }, (_, index) => rules.select(index + 1)))
  return Object.entries(durations).flatMap(([unit, forms]) => [
    ...[...needed].filter((form) => !(form in Object(forms))).map((form) => `durations.${unit}.${form} is missing`),
    ...Object.keys(forms)
      .filter((form) => !needed.has(form))
      .map((form) => `durations.${unit}.${form} is never used`),
  ])
}

function placeholdersOf(text: string): string[] {
  return [...new Set([...text.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name))].sort()
}

/** Dotted path to text, for every text of a catalogue; of a duration only its unit. */
function textsOf(node: TextTree[string], path = ''): Map<string, string> {
  if (typeof node === 'string') return new Map([[path, node]])
  if (/^durations\.\w+$/.test(path)) return new Map([[path, '']])
  const entries = Object.entries<TextTree[string]>(node)
  return new Map(entries.flatMap(([key, child]) => [...textsOf(child, path ? `${path}.${key}` : key)]))
}
