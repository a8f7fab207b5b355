// Compiles what people read: emails/*.mjml and *.txt into src/generated/mails.ts, emails/locales/*.json into
// src/generated/locales.ts. Values are put in when a mail is rendered, so that no value ever passes through MJML.
import './swc-cache.cjs'
import { mkdir, readFile, readdir, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { transformFile } from '@swc/core'

const root = fileURLToPath(new URL('..', import.meta.url))
const NOTICE = '// Written by scripts/compile-emails.mjs from emails/: change it there.\n'

/** The colour that stands for the brand's in the templates: MJML accepts a real one only. */
const BRAND_COLOR = /#1f4fd8/gi

/** Throws one Error that lists every text or placeholder that is missing or too many. */
export async function compileEmails({ source = join(root, 'emails'), target = join(root, 'src/generated') } = {}) {
  const catalogues = await readCatalogues(join(source, 'locales'))
  const templates = await readTemplates(source)
  const { catalogueProblems, templateProblems } = await loadChecks()
  const sources = Object.fromEntries(
    Object.entries(templates).map(([name, { mjml, text }]) => [name, { html: mjml.source, text }]),
  )
  const problems = [
    ...catalogueProblems(catalogues),
    ...templateProblems(catalogues.en, sources, { extension: 'mjml' }),
  ]
  if (problems.length > 0) throw new Error(`The mails cannot be compiled:\n  ${problems.join('\n  ')}`)

  const mails = {}
  for (const [name, { mjml, text }] of Object.entries(templates)) {
    mails[name] = { html: await compileHtml(mjml, source), text }
  }
  await mkdir(target, { recursive: true })
  await writeFile(join(target, 'mails.ts'), `${NOTICE}export const MAIL_MARKUP = ${JSON.stringify(mails, null, 2)}\n`)
  await writeFile(join(target, 'locales.ts'), localesModule(catalogues))
}

/** The checks are the server's own, which is not built yet: the one file is compiled in memory. */
async function loadChecks() {
  const { code } = await transformFile(join(root, 'src/mail/mailChecks.ts'), {
    swcrc: false,
    jsc: { parser: { syntax: 'typescript' }, target: 'es2022' },
    module: { type: 'es6' },
  })
  return import(`data:text/javascript,${encodeURIComponent(code)}`)
}

async function readCatalogues(folder) {
  const catalogues = {}
  for (const file of (await readdir(folder)).filter((name) => name.endsWith('.json')).sort()) {
    catalogues[file.replace('.json', '')] = JSON.parse(await readFile(join(folder, file), 'utf8'))
  }
  return catalogues
}

async function readTemplates(folder) {
  const files = (await readdir(folder)).filter((name) => name.endsWith('.mjml') && name !== 'layout.mjml').sort()
  const templates = {}
  for (const file of files) {
    const path = join(folder, file)
    const mjml = { path, source: await includePartials(await readFile(path, 'utf8'), folder) }
    templates[file.replace('.mjml', '')] = { mjml, text: await readFile(path.replace('.mjml', '.txt'), 'utf8') }
  }
  return templates
}

/** The source with its partials in place, for the checks: MJML itself includes them again, by its own rules. */
async function includePartials(source, folder) {
  let whole = source
  for (const [tag, path] of source.matchAll(/<mj-include path="([^"]+)" \/>/g)) {
    whole = whole.replace(tag, await readFile(join(folder, path), 'utf8'))
  }
  return whole
}

async function compileHtml({ path }, folder) {
  const { default: mjml2html } = await import('mjml')
  const { html } = await mjml2html(await readFile(path, 'utf8'), {
    filePath: path,
    ignoreIncludes: false,
    includePath: folder,
    validationLevel: 'strict',
    fonts: {}, // else it links web fonts by the names it finds
    keepComments: false,
  })
  return html
    .trim()
    .replace(/[ \t]*\n\s*/g, '\n')
    .replace(BRAND_COLOR, '%%brandColor%%')
    .replaceAll('direction:ltr', 'direction:%%dir%%')
    .replaceAll('text-align:left', 'text-align:%%start%%')
    .replaceAll('align="left"', 'align="%%start%%"')
}

/** Durations stand apart: which plural forms a language has differs from one to the next. */
function localesModule(catalogues) {
  const json = (value) => JSON.stringify(value, null, 2)
  const tags = Object.keys(catalogues)
  const durations = Object.fromEntries(tags.map((tag) => [tag, catalogues[tag].durations]))
  const texts = Object.fromEntries(tags.map((tag) => [tag, { ...catalogues[tag], durations: undefined }]))
  const { en, ...others } = texts
  return [
    NOTICE,
    `export const LOCALES = ${json(tags)} as const`,
    'export type Locale = (typeof LOCALES)[number]\n',
    `const en = ${json(en)}`,
    'export type Catalogue = typeof en',
    `export const CATALOGUES: Record<Locale, Catalogue> = { en, ...${json(others)} }\n`,
    `export type DurationUnit = ${Object.keys(durations.en)
      .map((unit) => `'${unit}'`)
      .join(' | ')}`,
    'export type PluralForms = { other: string } & { [form in Intl.LDMLPluralRule]?: string }',
    `export const DURATIONS: Record<Locale, Record<DurationUnit, PluralForms>> = ${json(durations)}\n`,
  ].join('\n')
}

if (process.argv[1] && resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const [source, target] = process.argv.slice(2)
  await compileEmails({ ...(source && { source }), ...(target && { target }) }).catch((error) => {
    console.error(error.message)
    process.exitCode = 1
  })
}
