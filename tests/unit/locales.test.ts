import { execFile } from 'node:child_process'
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { PASSWORD_ADVICE } from '../../src/passwords/passwordAdvice'
import { FIELD_ERROR_CODES, REQUEST_ERRORS, USER_ERRORS } from '../../src/errors/catalogue'
import {
  InvalidCredentialsError,
  InvalidInputError,
  OverloadedError,
  RateLimitedError,
  WeakPasswordError,
} from '../../src/errors/userErrors'
import { LOCALES, type Locale } from '../../src/generated/locales'
import { direction, localeTag } from '../../src/i18n/locale'
import { negotiateLocale, resolveLocale } from '../../src/i18n/negotiate'
import { fill, text } from '../../src/i18n/text'
import { durationText, instantText } from '../../src/i18n/time'
import { describeUserError } from '../../src/i18n/userErrors'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

describe('the language of a request', () => {
  test.each<[string | undefined, Locale]>([
    [undefined, 'en'],
    ['', 'en'],
    ['de', 'de'],
    ['DE-ch', 'de'],
    ['pt-BR,pt;q=0.9,en;q=0.8', 'pt'],
    ['zh-CN,zh;q=0.9,ja;q=0.5', 'ja'],
    ['en;q=0.2, fr;q=0.7, de;q=0.5', 'fr'],
    ['fr;q=0, de', 'de'],
    ['fr;q=0', 'en'],
    ['nl, *;q=0.5', 'en'],
    ['*', 'en'],
    ['es;Q=1.0', 'es'],
    ['fr;q=9, de;q=0.1', 'de'],
    ['fr;q=x, de;q=0.1', 'de'],
    ['ar-u-nu-latn', 'ar'],
    ['deutsch', 'en'],
    ['constructor, __proto__', 'en'],
    [';;;,,,;q=', 'en'],
    [`${'x,'.repeat(1_000)}de`, 'en'],
    [`${' '.repeat(100_000)}de`, 'en'],
  ])('of %j is %s', (header, locale) => {
    expect(negotiateLocale(header?.slice(0, 200_000))).toBe(locale)
  })

  test.each<[string, Locale]>([
    ['de-CH', 'de'],
    ['de-Latn-CH-1996', 'de'],
    ['PT-br', 'pt'],
    ['zh-Hant-TW', 'en'],
    ['', 'en'],
    ['toString', 'en'],
  ])('the texts for %j are those of %s', (tag, locale) => {
    expect(resolveLocale(tag)).toBe(locale)
  })

  test.each([
    ['de', 'de'],
    ['pt-br', 'pt-BR'],
    ['ZH-hant-tw', 'zh-Hant-TW'],
    ['de_DE', 'de-DE'],
    ['zh_hant_tw', 'zh-Hant-TW'],
    ['sh-x-aaaaaaaa-bbbbbbbb-cccccccc-ddd', null], // sr-Latn-x-… is longer than what may be stored
    ['', null],
    ['e', null],
    ['german please', null],
    ['en\n', null],
    [`en-${'aaaaaaaa-'.repeat(4)}x`, null],
  ])('the canonical form of the tag %j is %j', (tag, canonical) => {
    expect(localeTag(tag)).toBe(canonical)
  })

  test('Arabic alone is written from right to left', () => {
    expect(LOCALES.filter((locale) => direction(locale) === 'rtl')).toEqual(['ar'])
  })
})

describe('durations and moments', () => {
  test.each<[Locale, number, string]>([
    ['en', 24 * HOUR, '24 hours'],
    ['en', HOUR, '1 hour'],
    ['en', 2 * DAY, '2 days'],
    ['en', 36 * HOUR, '36 hours'],
    ['en', 90 * MINUTE, '90 minutes'],
    ['en', MINUTE, '1 minute'],
    ['en', 90_000, '90 seconds'],
    ['en', 1, '1 second'],
    ['en', 3 * MINUTE + 59_999, '3 minutes'],
    ['en', 3 * DAY + 59 * MINUTE, '3 days'],
    ['de', HOUR, 'eine Stunde'],
    ['de', 7 * DAY, '7 Tage'],
    ['fr', 15 * MINUTE, '15\u00a0minutes'],
    ['es', 24 * HOUR, '24 horas'],
    ['pt', MINUTE, '1 minuto'],
    ['ja', 24 * HOUR, '24時間'],
    ['ar', HOUR, 'ساعة واحدة'],
    ['ar', 2 * HOUR, 'ساعتين'],
    ['ar', 3 * HOUR, '3 ساعات'],
    ['ar', 24 * HOUR, '24 ساعة'],
    ['ar', 100 * DAY, '100 يوم'],
  ])('%s: %d ms is "%s"', (locale, milliseconds, words) => {
    expect(durationText(locale, milliseconds)).toBe(words)
  })

  test.each<[Locale, string]>([
    ['en', 'March 5, 2026 at 23:08 UTC'],
    ['de', '5. März 2026 um 23:08 Uhr (UTC)'],
    ['fr', '5 mars 2026 à 23:08 UTC'],
    ['es', '5 de marzo de 2026 a las 23:08 UTC'],
    ['pt', '5 de março de 2026 às 23:08 UTC'],
    ['ja', '2026年3月5日 23:08（UTC）'],
    ['ar', '5 مارس 2026 الساعة 23:08 بالتوقيت العالمي (UTC)'],
  ])('%s: a moment is told in UTC, as "%s"', (locale, words) => {
    expect(instantText(locale, new Date('2026-03-05T23:08:59Z'), text(locale).mailLayout.instant)).toBe(words)
  })
})

describe.each([...LOCALES])('the catalogue of %s', (locale) => {
  const { errors, fieldErrors, passwordAdvice } = text(locale)

  test('words every code and every piece of advice, and none besides', () => {
    expect(Object.keys(errors).sort()).toEqual(
      [...new Set([...Object.keys(USER_ERRORS), ...Object.keys(REQUEST_ERRORS)])].sort(),
    )
    expect(Object.keys(fieldErrors).sort()).toEqual([...FIELD_ERROR_CODES].sort())
    expect(Object.keys(passwordAdvice).sort()).toEqual([...PASSWORD_ADVICE].sort())
  })

  test('asks of a password no upper case, digit or symbol (NIST SP 800-63B §3.1.1.2)', () => {
    const rule =
      /upper.?case|capital|digit|symbol|number|Großbuchst|Ziffer|Sonderzeichen|majuscule|chiffre|mayúscula|maiúscula|dígito|número|símbolo|大文字|数字|記号|رقم|أرقام|رموز/i
    expect(Object.values(passwordAdvice).filter((advice) => rule.test(advice))).toEqual([])
  })

  test('tells nothing of an account to one who is refused by a budget or a queue', () => {
    const told = [new RateLimitedError(30), new OverloadedError(1)].map(
      (error) => describeUserError(error, locale).message,
    )
    for (const message of told) {
      expect(message).not.toMatch(
        /e-?mail|account|password|Konto|Passwort|compte|mot de passe|cuenta|contraseña|conta\b|senha|アカウント|パスワード|حساب|كلمة/i,
      )
      expect(message).not.toMatch(/[{}]/)
    }
  })
})

describe('an expected failure in words', () => {
  test('has its code and its sentence', () => {
    expect(describeUserError(new InvalidCredentialsError(), 'de')).toEqual({
      code: 'INVALID_CREDENTIALS',
      message: 'E-Mail-Adresse oder Passwort stimmt nicht.',
    })
  })

  test("names what is wrong with each field, by the field's own wording where it has one, with the limit", () => {
    const error = new InvalidInputError([
      { field: 'password', code: 'TOO_SHORT', limit: 8 },
      { field: 'email', code: 'INVALID_FORMAT' },
      { field: 'email', code: 'REQUIRED' },
      { field: 'constructor', code: 'TOO_LONG', limit: 5 },
    ])
    expect(describeUserError(error, 'en')).toEqual({
      code: 'INVALID_INPUT',
      message: 'Please check your entries.',
      fields: [
        { field: 'password', code: 'TOO_SHORT', message: 'Please use at least 8 characters.' },
        { field: 'email', code: 'INVALID_FORMAT', message: 'Please enter an email address, as in name@example.com.' },
        { field: 'email', code: 'REQUIRED', message: 'Please fill this in.' },
        { field: 'constructor', code: 'TOO_LONG', message: 'Please use no more than 5 characters.' },
      ],
    })
  })

  test('words the advice, each piece once, and passes over keys that have no wording', () => {
    const error = new WeakPasswordError(1, ['useWords', 'allUppercase', 'capitalization', 'toString'])
    expect(describeUserError(error, 'en')).toMatchObject({
      score: 1,
      suggestions: [
        'Use several words that do not belong together.',
        'The way a word is written adds little. Add another word instead.',
      ],
    })
  })

  test.each([
    [1, '1 second'],
    [120, '2 minutes'],
    [121, '3 minutes'],
    [3_541, '1 hour'],
  ])('tells to wait for %d s as "%s", never less', (seconds, words) => {
    const described = describeUserError(new RateLimitedError(seconds), 'en')
    expect(described).toMatchObject({
      retryAfter: seconds,
      message: `Too many attempts. Please wait ${words} and try again.`,
    })
  })

  test('a value that looks like a placeholder is not filled again', () => {
    expect(fill('{a} {b} {c}', { a: '{b}', b: '$&' })).toBe('{b} $& {c}')
  })
})

describe('the compilation of the mails', () => {
  let folder: string
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'emails-'))
    await cp('emails', join(folder, 'emails'), { recursive: true, filter: (path) => !path.includes('preview') })
  })
  afterEach(() => rm(folder, { recursive: true }))

  /** What the script complains of; empty when it is content. */
  async function complaints(): Promise<string> {
    const script = resolve('scripts/compile-emails.mjs')
    const run = promisify(execFile)(process.execPath, [script, join(folder, 'emails'), join(folder, 'generated')])
    return run.then(
      () => '',
      (error: unknown) => (error as { stderr: string }).stderr,
    )
  }

  async function edit(file: string, change: (content: string) => string): Promise<void> {
    const path = join(folder, 'emails', file)
    const before = await readFile(path, 'utf8')
    const after = change(before)
    expect(after).not.toBe(before)
    await writeFile(path, after)
  }

  type Texts = Record<string, Record<string, unknown>>
  const editTexts = (file: string, change: (texts: Texts) => void) =>
    edit(`locales/${file}`, (content) => {
      const texts = JSON.parse(content) as Texts
      change(texts)
      return JSON.stringify(texts)
    })

  test('gives the same modules again as the ones in use', async () => {
    expect(await complaints()).toBe('')
    for (const file of ['mails.ts', 'locales.ts']) {
      const made = await readFile(join(folder, 'generated', file), 'utf8')
      expect(made === (await readFile(`src/generated/${file}`, 'utf8'))).toBe(true)
    }
  })

  test('fails on a text that one language lacks', async () => {
    await editTexts('de.json', (texts) => delete texts.errors?.NOT_FOUND)
    expect(await complaints()).toContain('locales/de.json: errors.NOT_FOUND is missing')
  })

  test('fails on a text that one language has alone, and on a paragraph too many', async () => {
    await editTexts('ja.json', (texts) => {
      Object.assign(texts.errors ?? {}, { TEAPOT: 'x' })
      Object.assign(texts.mails ?? {}, {
        accountDeleted: { ...(texts.mails?.accountDeleted as object), notes: ['x', 'y'] },
      })
    })
    const told = await complaints()
    expect(told).toContain('locales/ja.json: errors.TEAPOT is not in en')
    expect(told).toContain('locales/ja.json: mails.accountDeleted.notes.1 is not in en')
  })

  test('fails on a placeholder that a translation lost', async () => {
    await editTexts('fr.json', (texts) => Object.assign(texts.errors ?? {}, { RATE_LIMITED: 'Patientez.' }))
    expect(await complaints()).toContain('locales/fr.json: errors.RATE_LIMITED has [] where en has [duration]')
  })

  test('fails on a plural form that a language needs, and on one that it never uses', async () => {
    await editTexts('ar.json', (texts) => delete (texts.durations?.hour as Record<string, string>).two)
    await editTexts('ja.json', (texts) => Object.assign(texts.durations?.hour ?? {}, { one: 'x' }))
    const told = await complaints()
    expect(told).toContain('locales/ar.json: durations.hour.two is missing')
    expect(told).toContain('locales/ja.json: durations.hour.one is never used')
  })

  test('fails on a text that no template shows, and on a placeholder that nothing fills', async () => {
    await edit('passwordChanged.txt', (content) => content.replace('%%notes.1%%', '%%notes.7%%'))
    const told = await complaints()
    expect(told).toContain('passwordChanged.txt does not show notes.1')
    expect(told).toContain('passwordChanged.txt: nothing fills %%notes.7%%')
  })

  test('fails on a template that MJML refuses', async () => {
    await edit('verifyEmail.mjml', (content) => content.replace('<mj-column>', '<mj-column wide="yes">'))
    expect(await complaints()).toMatch(/wide/)
  })
})
