import { readFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { type Config, ConfigError } from '../config/config'
import { findJsonMistake } from '../lib/jsonMistake'
import { LOCALES, type Locale } from '../generated/locales'
import { contentProblems, paragraphProblems, renderingProblems } from './changedContentChecks'
import type { TemplateSource, TextTree } from './mailChecks'
import { type MailContent, type MailTexts, SHIPPED } from './mailContent'
import { MAIL_NAMES, type MailName } from './templates'

interface Changes {
  texts: Partial<Record<Locale, unknown>>
  templates: Partial<Record<MailName, Partial<TemplateSource>>>
}

/**
 * The content of the mails with the texts and templates of MAIL_TEMPLATES_DIR in place of those that the release brings.
 * Throws a ConfigError that names each file, the key in it and what is wrong with it.
 */
export async function readMailContent({ mailTemplatesDir }: Pick<Config, 'mailTemplatesDir'>): Promise<MailContent> {
  if (mailTemplatesDir === null) return SHIPPED
  const problems: string[] = []
  const files = await filesOf(mailTemplatesDir)
  const changes = await readChanges(mailTemplatesDir, files, problems)
  const content = { texts: changedTexts(changes, problems), templates: changedTemplates(changes) }
  // A text that could not be read would be reported again, as one that is missing.
  if (problems.length === 0) problems.push(...paragraphProblems(content))
  if (problems.length === 0) problems.push(...contentProblems(content, new Set(files)))
  if (problems.length === 0) problems.push(...renderingProblems(content))
  if (problems.length > 0) throw new ConfigError(problems.map((problem) => `MAIL_TEMPLATES_DIR: ${problem}`))
  return content
}

async function readChanges(folder: string, files: readonly string[], problems: string[]): Promise<Changes> {
  const changes: Changes = { texts: {}, templates: {} }
  for (const file of files) {
    const [, part = '', extension = ''] = /^(.+)\.(html|txt|json)$/.exec(file) ?? []
    const name = MAIL_NAMES.find((known) => known === part)
    const locale = LOCALES.find((known) => `locales/${known}` === part)
    if (name && extension !== 'json') {
      const source = await textOf(folder, file, problems)
      if (source === null) continue
      changes.templates[name] = { ...changes.templates[name], [extension === 'html' ? 'html' : 'text']: source }
    } else if (locale && extension === 'json') {
      const report = (problem: string) => problems.push(`${file}: ${problem}`)
      const source = await textOf(folder, file, problems)
      if (source !== null) changes.texts[locale] = parsed(source, report)
    } else {
      problems.push(
        `${file}: it is read by nothing; accepted: <mail>.html, <mail>.txt and locales/<language>.json, ` +
          `where a mail is one of ${MAIL_NAMES.join(', ')} and a language one of ${LOCALES.join(', ')}`,
      )
    }
  }
  return changes
}

/** UTF-8, with or without a byte order mark. Null for a file that cannot be read, which is reported. */
async function textOf(folder: string, file: string, problems: string[]): Promise<string | null> {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(await readFile(join(folder, file)))
  } catch (error) {
    const { code = 'unknown' } = error as NodeJS.ErrnoException
    problems.push(
      `${file}: ${code === 'ERR_ENCODING_INVALID_ENCODED_DATA' ? 'it is not UTF-8' : `it cannot be read (${code})`}`,
    )
    return null
  }
}

/** Hidden files and lost+found are left out: mounted volumes hold some of their own. */
async function filesOf(folder: string): Promise<string[]> {
  const namesIn = async (path: string) =>
    (await readdir(path)).filter((name) => !name.startsWith('.') && name !== 'lost+found')
  try {
    const entries = await namesIn(folder)
    const texts = entries.includes('locales') ? await namesIn(join(folder, 'locales')) : []
    return [...entries.filter((name) => name !== 'locales'), ...texts.map((name) => `locales/${name}`)].sort()
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown'
    throw new ConfigError([`MAIL_TEMPLATES_DIR: the folder cannot be read (${code})`])
  }
}

function parsed(text: string, report: (problem: string) => void): unknown {
  try {
    return JSON.parse(text)
  } catch {
    const { line, column } = findJsonMistake(text)
    report(`it is not JSON: line ${line}, column ${column}`)
    return undefined
  }
}

function changedTexts({ texts }: Changes, problems: string[]): Record<Locale, MailTexts> {
  const entries = LOCALES.map((locale) => {
    const { mailLayout, mails } = SHIPPED.texts[locale]
    const report = (problem: string) => problems.push(`locales/${locale}.json: ${problem}`)
    return [locale, merged({ mailLayout, mails }, texts[locale], { path: [], report })]
  })
  return Object.fromEntries(entries) as Record<Locale, MailTexts>
}

/** `base` with what `change` replaces: texts, and lists of paragraphs as a whole. Keys that `base` lacks are reported. */
function merged(
  base: TextTree[string],
  change: unknown,
  { path, report }: { path: readonly string[]; report: (problem: string) => void },
): TextTree[string] {
  if (change === undefined) return base
  const refuse = (wanted: string) => {
    report(`${path.join('.') || 'the file'} must be ${wanted}`)
    return base
  }
  if (typeof base === 'string') return isText(change) ? change : refuse('a text')
  if (isParagraphs(base)) return isListOfTexts(change) ? change : refuse('a list of texts')
  if (typeof change !== 'object' || change === null || Array.isArray(change)) return refuse('an object of texts')
  const changed = new Map(Object.entries(base))
  for (const [name, value] of Object.entries(change)) {
    const known = changed.get(name)
    if (known === undefined) report(`${[...path, name].join('.')} is no text of the mails`)
    else changed.set(name, merged(known, value, { path: [...path, name], report }))
  }
  return Object.fromEntries(changed)
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value.trim() !== ''
}

function isListOfTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every(isText)
}

function isParagraphs(tree: TextTree[string]): tree is readonly string[] {
  return Array.isArray(tree)
}

function changedTemplates({ templates }: Changes): MailContent['templates'] {
  const entries = MAIL_NAMES.map((name) => [name, { ...SHIPPED.templates[name], ...templates[name] }])
  return Object.fromEntries(entries) as MailContent['templates']
}
