import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { EXIT } from './failure'
import { optionsOf } from './optionsOf'
import { LOCALES } from '../generated/locales'
import { SHIPPED } from '../mail/mailContent'
import { MAIL_NAMES } from '../mail/templates'

const FOLDER = 'mail-templates'

/**
 * Writes the texts and templates of this release as files of the form that MAIL_TEMPLATES_DIR takes. A file that exists is
 * left alone: it may hold changes. Null for unknown options.
 */
export async function mailTemplates(args: string[]): Promise<number | null> {
  const given = optionsOf(args, {})
  if (given === null) return null
  const folder = resolve(given.word ?? FOLDER)
  const { texts, templates } = SHIPPED
  const files = [
    ...LOCALES.map((locale) => {
      const { mailLayout, mails } = texts[locale]
      return [`locales/${locale}.json`, `${JSON.stringify({ mailLayout, mails }, null, 2)}\n`] as const
    }),
    ...MAIL_NAMES.flatMap(
      (name) =>
        [
          [`${name}.html`, templates[name].html],
          [`${name}.txt`, templates[name].text],
        ] as const,
    ),
  ]
  let written = 0
  for (const [file, content] of files) if (await isWritten(join(folder, file), content)) written++
  console.log(
    `${written} files written to ${folder}. Keep the ones that you change, and delete the others: ` +
      'what is not there comes from the release.',
  )
  if (written < files.length) console.log(`${files.length - written} files are there already and were left alone.`)
  return EXIT.ok
}

/** False if the file exists. */
async function isWritten(path: string, content: string): Promise<boolean> {
  await mkdir(dirname(path), { recursive: true })
  return writeFile(path, content, { flag: 'wx' }).then(
    () => true,
    (error: unknown) => {
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
      throw error
    },
  )
}
