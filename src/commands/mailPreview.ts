import { mkdir, readFile, readdir, realpath, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { EXIT } from './failure'
import { optionsOf } from './optionsOf'
import { type Config, readEnvironment, resolveConfig } from '../config/config'
import { processEnvironment } from '../config/processEnvironment'
import { LOCALES, type Locale } from '../generated/locales'
import { escapeHtml } from '../lib/escapeHtml'
import { brandOf } from '../mail/composedMail'
import { readMailContent } from '../mail/readMailContent'
import type { RenderedMail } from '../mail/renderMail'
import { renderSample } from '../mail/renderSample'
import { MAIL_NAMES, type MailName } from '../mail/templates'

const USES = [
  ...(['MAIL_TEMPLATES_DIR', 'PUBLIC_URL', 'APP_NAME', 'APP_URL', 'HOSTED_PAGES'] as const),
  ...(['BRAND_COLOR', 'BRAND_LOGO_URL', 'SUPPORT_URL'] as const),
]
const FOLDER = 'mail-preview'
/** Production has no default, and a preview of its mails needs none of its settings. */
const SAMPLE_ORIGIN = 'https://auth.example.com'
/** How the index of every preview begins. */
const INDEX_HEAD = '<!doctype html><meta charset="utf-8"><title>Mails</title><h1>Mails</h1>\n'

interface Preview extends RenderedMail {
  /** Without its ending: a file each for the HTML part and the text part. */
  file: string
}

/**
 * Renders every mail in every language, or one mail or one language, with the values of its sample, the brand of the
 * configuration and the changes of MAIL_TEMPLATES_DIR. Needs no database. Null for unknown options.
 */
export async function mailPreview(args: string[]): Promise<number | null> {
  const given = optionsOf(args, { locale: { type: 'string' }, out: { type: 'string' } })
  if (given === null) return null
  const { word, values } = given
  const names = MAIL_NAMES.filter((name) => word === undefined || name === word)
  const locales = LOCALES.filter((locale) => values.locale === undefined || locale === values.locale)
  if (names.length === 0) return complain(`No mail is named ${word ?? ''}; there are ${MAIL_NAMES.join(', ')}.`)
  if (locales.length === 0) return complain(`No mail is in that language; there are ${LOCALES.join(', ')}.`)

  const folder = resolve(values.out ?? FOLDER)
  const config = configOf()
  await mkdir(folder, { recursive: true })
  const taken = await otherUseOf(folder, config)
  if (taken !== null) return complain(`${folder}: ${taken}; name another folder with --out`)
  const previews = await previewsOf(names, locales, config)
  for (const { file, html, text } of previews) {
    await writeFile(join(folder, `${file}.html`), html)
    await writeFile(join(folder, `${file}.txt`), text)
  }
  await writeFile(join(folder, 'index.html'), indexOf(previews))
  const written = previews.length === 1 ? '1 mail' : `${previews.length} mails`
  console.log(`${written} written: open ${join(folder, 'index.html')}`)
  return EXIT.ok
}

/** For scripts/emails.mjs too, which takes pictures of them. */
export async function previewsOf(
  names: readonly MailName[] = MAIL_NAMES,
  locales: readonly Locale[] = LOCALES,
  config = configOf(),
): Promise<Preview[]> {
  const content = await readMailContent(config)
  const brand = brandOf(config)
  return locales.flatMap((locale) =>
    names.map((name) => ({
      ...renderSample({ content, name, locale, extent: 'most', brand }),
      file: `${locale}-${name}`,
    })),
  )
}

function configOf(): Config {
  const given = processEnvironment()
  const isMissing = given.NODE_ENV === 'production' && !given.PUBLIC_URL
  return resolveConfig(readEnvironment({ ...given, ...(isMissing && { PUBLIC_URL: SAMPLE_ORIGIN }) }, USES))
}

/** What a folder holds that a preview must not write into; null for an empty one, and for one of an earlier preview. */
async function otherUseOf(folder: string, { mailTemplatesDir }: Config): Promise<string | null> {
  const templates = mailTemplatesDir === null ? null : await realpath(mailTemplatesDir).catch(() => null)
  if ((await realpath(folder)) === templates) return 'it is MAIL_TEMPLATES_DIR'
  const files = await readdir(folder)
  if (files.length === 0) return null
  const ours = new Set(LOCALES.flatMap((locale) => MAIL_NAMES.map((name) => `${locale}-${name}`)))
  const other = files.find((file) => file !== 'index.html' && !ours.has(file.replace(/\.(?:html|txt)$/, '')))
  if (other !== undefined) return `it holds ${other}, which is of no preview`
  const index = await readFile(join(folder, 'index.html'), 'utf8').catch(() => '')
  return index.startsWith(INDEX_HEAD) ? null : 'its index.html is of no preview'
}

function indexOf(previews: readonly Preview[]): string {
  const rows = previews.map(
    ({ file, subject }) =>
      `<li><a href="${file}.html">${file}</a> (<a href="${file}.txt">text</a>): <bdi>${escapeHtml(subject)}</bdi></li>`,
  )
  return `${INDEX_HEAD}<ul>\n${rows.join('\n')}\n</ul>\n`
}

function complain(words: string): number {
  console.error(words)
  return EXIT.failed
}
