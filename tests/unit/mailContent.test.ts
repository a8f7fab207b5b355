import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { ConfigError } from '../../src/config/config'
import { LOCALES, type Locale } from '../../src/generated/locales'
import { type MailContent, SHIPPED } from '../../src/mail/mailContent'
import { readMailContent } from '../../src/mail/readMailContent'
import { renderSample } from '../../src/mail/renderSample'
import type { MailName } from '../../src/mail/templates'

const folders: string[] = []
afterAll(() => folders.forEach((folder) => rmSync(folder, { recursive: true })))

/** A folder with these files; what is no text is written as JSON. */
function folderWith(files: Record<string, unknown>): string {
  const folder = mkdtempSync(join(tmpdir(), 'mail-templates-'))
  folders.push(folder)
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true })
    const isWhole = typeof content === 'string' || Buffer.isBuffer(content)
    writeFileSync(join(folder, name), isWhole ? content : JSON.stringify(content))
  }
  return folder
}

const read = (files: Record<string, unknown>) => readMailContent({ mailTemplatesDir: folderWith(files) })

/** What a start says of these files. */
async function problems(files: Record<string, unknown>): Promise<string[]> {
  const error: unknown = await read(files).then(
    () => null,
    (thrown: unknown) => thrown,
  )
  if (!(error instanceof ConfigError)) throw new Error('The content was accepted')
  return error.problems.map((problem) => problem.replace(/^MAIL_TEMPLATES_DIR: /, ''))
}

const rendered = (content: MailContent, name: MailName, locale: Locale = 'en') =>
  renderSample({ content, name, locale, extent: 'most' })

const { verifyEmail, resetPassword: RESET, loginCode: CODE } = SHIPPED.templates
const { html: HTML, text: TEXT } = verifyEmail

test('without a folder, and with an empty one, mails are those of the release', async () => {
  expect(await readMailContent({ mailTemplatesDir: null })).toBe(SHIPPED)
  expect(rendered(await read({}), 'resetPassword')).toEqual(rendered(SHIPPED, 'resetPassword'))
})

test('a text that is changed replaces its own alone, in its language', async () => {
  const mails = { resetPassword: { subject: 'Fresh password', body: ['Someone asked for one.'] } }
  const content = await read({ 'locales/en.json': { mails, mailLayout: { footer: 'Acme, Berlin.' } } })
  const mail = rendered(content, 'resetPassword')
  expect(mail.subject).toBe('Fresh password')
  expect(mail.text).toContain('\nSomeone asked for one.\n')
  expect(mail.text).toContain('\nAcme, Berlin.')
  expect(mail.html).toContain('Someone asked for one.')
  expect(mail.text).toContain('Choose a new password')
  expect(rendered(content, 'resetPassword', 'de')).toEqual(rendered(SHIPPED, 'resetPassword', 'de'))
})

test('the wording of a moment can be changed', async () => {
  const content = await read({ 'locales/en.json': { mailLayout: { instant: '{time} UTC, {day}' } } })
  expect(rendered(content, 'accountDeleted').text).toContain('10:15 UTC, November 22, 2026')
})

test('a template replaces one part of one mail, and shows all its texts in every language', async () => {
  const html = `<html lang="%%lang%%" dir="%%dir%%"><title>%%subject%%</title><i>%%preheader%%</i><h1>%%heading%%</h1>
    %%greeting%% %%body.0%% <a href="%%link%%" style="color:%%brandColor%%">%%button%%</a>
    %%if code%%%%codeHint%% %%code%%%%end%% %%notes.0%% %%notes.1%% %%footer%%`
  const content = await read({ 'verifyEmail.html': html })
  expect(rendered(content, 'verifyEmail', 'ar').html).toMatch(/^<html lang="ar" dir="rtl"><title>[^]*#1f4fd8/)
  expect(rendered(content, 'verifyEmail').text).toBe(rendered(SHIPPED, 'verifyEmail').text)
  expect(rendered(content, 'loginCode')).toEqual(rendered(SHIPPED, 'loginCode'))
})

test('a paragraph more needs its text in every language, and templates that show it; only files of the folder are blamed', async () => {
  const { body } = SHIPPED.texts.en.mails.verifyEmail
  const longer = { mails: { verifyEmail: { body: [...body, 'Welcome!'] } } }
  expect(await problems({ 'locales/en.json': longer, 'locales/de.json': {} })).toEqual([
    'locales/en.json: mails.verifyEmail.body has 2 paragraphs where the release has 1: ' +
      'keep 1, or change the list in ar, de, es, fr, ja, pt too',
  ])
  const everywhere = Object.fromEntries(LOCALES.map((locale) => [`locales/${locale}.json`, longer]))
  expect(await problems({ ...everywhere, 'verifyEmail.txt': TEXT.replace('%%body.0%%', '%%body.0%% ') })).toEqual([
    'verifyEmail.html (of the release: your texts need one of your own) does not show body.1',
    'verifyEmail.txt does not show body.1',
  ])
  const both = { 'verifyEmail.html': HTML, 'verifyEmail.txt': TEXT }
  const showing = Object.entries(both).map(([file, part]): [string, string] => [
    file,
    part.replace('%%body.0%%', '%%body.0%% %%body.1%%'),
  ])
  const content = await read({ ...everywhere, ...Object.fromEntries(showing) })
  expect(rendered(content, 'verifyEmail', 'ja').text).toContain('Welcome!')
})

test.each([
  ['{"mails": {\n  "verifyEmail": {},\n}}', 3, 1],
  ['{\n  "mails": "a\nb"}', 2, 12],
  ['{"mails": {}', 1, 13],
  ['', 1, 1],
  ['{"mails": [1, -2.5e3, true, null, "\\u00e9 é"]} x', 1, 48],
  ["{'mails': 1}", 1, 2],
])('%j is not JSON, and the place is named', async (text, line, column) => {
  expect(await problems({ 'locales/de.json': text })).toEqual([
    `locales/de.json: it is not JSON: line ${line}, column ${column}`,
  ])
})

test.each<[string, Record<string, unknown>, string]>([
  ['no texts', { 'locales/de.json': [] }, 'locales/de.json: the file must be an object of texts'],
  [
    'a key that nothing reads',
    { 'locales/fr.json': { mails: { verifyEmail: { sujet: 'x' } }, pages: {} } },
    'locales/fr.json: mails.verifyEmail.sujet is no text of the mails',
  ],
  [
    'a prototype',
    { 'locales/fr.json': '{"mails": {"__proto__": {"subject": "x"}}}' },
    'locales/fr.json: mails.__proto__ is no text of the mails',
  ],
  [
    'an empty text',
    { 'locales/en.json': { mails: { verifyEmail: { subject: ' ' } } } },
    'locales/en.json: mails.verifyEmail.subject must be a text',
  ],
  [
    'one text for a list',
    { 'locales/en.json': { mails: { verifyEmail: { notes: 'x' } } } },
    'locales/en.json: mails.verifyEmail.notes must be a list of texts',
  ],
  [
    'a placeholder that nothing fills',
    { 'locales/ja.json': { mails: { verifyEmail: { subject: '{name}' } } } },
    'locales/ja.json: mails.verifyEmail.subject has [name] where en has [appName]',
  ],
  [
    'a placeholder that is lost',
    { 'locales/en.json': { mails: { passwordChanged: { body: ['Your password was changed.'] } } } },
    'locales/en.json: mails.passwordChanged.body.0 has [] where en has [appName, date]',
  ],
  [
    'a text that the template does not show',
    { 'verifyEmail.txt': TEXT.replace('%%notes.1%%', '') },
    'verifyEmail.txt does not show notes.1',
  ],
  [
    'a link that the template does not show',
    { 'verifyEmail.html': HTML.replaceAll('%%link%%', '') },
    'verifyEmail.html does not show link',
  ],
  [
    'a placeholder of the template that nothing fills',
    { 'verifyEmail.html': HTML.replace('%%greeting%%', '%%salute%%') },
    'verifyEmail.html: nothing fills %%salute%%',
  ],
  [
    'a value that the mail does not always have, outside of its block',
    { 'verifyEmail.txt': TEXT.replace('%%if code%%', '').replace('%%end%%', '') },
    'verifyEmail.txt: %%codeHint%% has no value, or not in every case: put it between %%if codeHint%% and %%end%%',
  ],
  [
    'a value of other mails',
    { 'verifyEmail.html': HTML.replace('%%greeting%%', '%%greeting%% %%loginLink%%') },
    'verifyEmail.html: %%loginLink%% has no value, or not in every case: put it between %%if loginLink%% and %%end%%',
  ],
  [
    'a value in the block of another that a brand may have',
    { 'verifyEmail.html': `${HTML}%%if loginLink%%%%codeHint%%%%end%%` },
    'verifyEmail.html: %%codeHint%% has no value, or not in every case: put it between %%if codeHint%% and %%end%%',
  ],
  [
    'a link that stands in a condition alone',
    { 'resetPassword.txt': RESET.text.replaceAll('%%link%%', '%%if link%%your link%%end%%') },
    'resetPassword.txt does not show link',
  ],
  [
    'a link in a comment',
    { 'resetPassword.html': `${RESET.html.replaceAll('%%link%%', '')}<!--[if mso]>%%link%%<![endif]-->` },
    'resetPassword.html does not show link',
  ],
  [
    'a link that only some of its mails show',
    { 'resetPassword.txt': RESET.text.replaceAll('%%link%%', '%%if loginLink%%%%link%%%%end%%') },
    'resetPassword.txt: it does not show link, or not in every case',
  ],
  [
    'a code that only some of its mails show',
    { 'loginCode.txt': CODE.text.replaceAll('%%code%%', '%%if loginLink%%%%code%%%%end%%') },
    'loginCode.txt: it does not show code, or not in every case',
  ],
  [
    'a subject of two lines',
    { 'locales/fr.json': { mails: { sessionEnded: { subject: 'Bonjour\nBcc: a@example.com' } } } },
    'locales/fr.json: mails.sessionEnded.subject holds a line break',
  ],
  [
    'a control character',
    { 'locales/fr.json': { mails: { sessionEnded: { subject: 'Bonjour\r' } } } },
    'locales/fr.json: mails.sessionEnded.subject holds a control character',
  ],
  [
    'bytes that are not UTF-8',
    { 'locales/fr.json': Buffer.from([0x7b, 0xe9, 0x7d]) },
    'locales/fr.json: it is not UTF-8',
  ],
  [
    'a block without its end',
    { 'verifyEmail.txt': TEXT.replace('%%end%%', '') },
    'verifyEmail.txt: a block lacks its %%end%%, or a %% is left',
  ],
])('the server does not start with %s', async (_, files, problem) => {
  expect(await problems(files)).toContain(problem)
})

test('a file that nothing reads is a mistake; hidden ones are not read', async () => {
  const files = { 'verifyMail.html': 'x', 'locales/nl.json': {}, 'verifyEmail.mjml': 'x' }
  const found = await problems({ ...files, '.gitignore': '*' })
  expect(found.map((problem) => problem.split(':')[0])).toEqual(Object.keys(files).sort())
  expect(found[0]).toContain('a language one of ar, de, en')
  await expect(readMailContent({ mailTemplatesDir: '/nowhere' })).rejects.toThrow('the folder cannot be read (ENOENT)')
})

test('what cannot be read is named, each with its reason', async () => {
  const folder = folderWith({ 'locales/de.json': {} })
  mkdirSync(join(folder, 'verifyEmail.html'))
  symlinkSync('/nowhere', join(folder, 'verifyEmail.txt'))
  const error: unknown = await readMailContent({ mailTemplatesDir: folder }).catch((thrown: unknown) => thrown)
  expect(error).toBeInstanceOf(ConfigError)
  expect((error as ConfigError).problems).toEqual([
    'MAIL_TEMPLATES_DIR: verifyEmail.html: it cannot be read (EISDIR)',
    'MAIL_TEMPLATES_DIR: verifyEmail.txt: it cannot be read (ENOENT)',
  ])
})

test('the lost+found of a volume is not read, and a byte order mark is no text', async () => {
  const texts = { mails: { resetPassword: { subject: 'Fresh password' } } }
  const content = await read({ 'locales/en.json': `\uFEFF${JSON.stringify(texts)}`, 'lost+found/x': '' })
  expect(rendered(content, 'resetPassword').subject).toBe('Fresh password')
})
