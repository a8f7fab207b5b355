import { MAIL_MARKUP } from '../../src/generated/mails'
import { CATALOGUES, LOCALES, type Locale } from '../../src/generated/locales'
import { readEnvironment, resolveConfig } from '../../src/config/config'
import { direction } from '../../src/i18n/locale'
import { brandOf } from '../../src/mail/composedMail'
import { TEMPLATES, MAIL_NAMES, type MailName, type MailPayload } from '../../src/mail/templates'
import { type Brand, type RenderedMail, renderMail } from '../../src/mail/renderMail'

const brand: Brand = {
  ...{ appName: 'Acme & Söhne', brandColor: '#336699', appUrl: 'https://app.acme.example/?a=1&b=2', logoUrl: null },
  ...{ accountUrl: 'https://auth.acme.example/account', supportUrl: 'https://help.acme.example/?a=1&b=2' },
}
const bare: Brand = { ...brand, appUrl: null, accountUrl: null, supportUrl: null }
const everyMail = LOCALES.flatMap((locale) => MAIL_NAMES.map((name) => [locale, name] as const))
const link = 'https://auth.acme.example/verify-email#token=abc_DEF-123'
const at = new Date('2026-03-05T07:08:00Z')

function sample(name: MailName, locale: Locale, displayName?: string | null): RenderedMail {
  const payload: MailPayload<MailName> = TEMPLATES[name].sample
  return renderMail({ name, payload: displayName === undefined ? payload : { ...payload, displayName }, locale, brand })
}

function resetMail(displayName: string | null): RenderedMail {
  return renderMail({
    name: 'resetPassword',
    payload: { displayName, link, expiresIn: 3_600_000 },
    locale: 'en',
    brand,
  })
}

function verifyMail(overrides: Partial<MailPayload<'verifyEmail'>>, locale: Locale = 'en'): RenderedMail {
  const payload = { link, expiresIn: 24 * 3_600_000, ...overrides }
  return renderMail({ name: 'verifyEmail', payload, locale, brand })
}

test('every mail of the list has a template, and every template a mail', () => {
  expect(Object.keys(MAIL_MARKUP).sort()).toEqual([...MAIL_NAMES].sort())
})

describe.each(everyMail)('%s %s', (locale, name) => {
  const mail = sample(name, locale)

  test('is complete: nothing is left to fill in', () => {
    for (const part of [mail.subject, mail.html, mail.text]) {
      expect(part).not.toMatch(/%%|\{\{|\{\w+\}|undefined|null|Invalid Date/)
      expect(part.length).toBeGreaterThan(10)
    }
  })

  test('fetches nothing, runs nothing, and is small', () => {
    expect(mail.html).not.toMatch(/\ssrc=|url\(|@import|<link|<script|<img|\son\w+=/i)
    expect(Buffer.byteLength(mail.html)).toBeLessThan(60_000)
  })

  test('says its language and direction', () => {
    expect(mail.html).toContain(`<html lang="${locale}" dir="${direction(locale)}"`)
    expect(mail.html).toContain(`text-align:${direction(locale) === 'rtl' ? 'right' : 'left'}`)
    expect(mail.html).not.toContain(direction(locale) === 'rtl' ? 'direction:ltr' : 'direction:rtl')
  })

  test('has a text part that tells what the HTML tells, in short lines', () => {
    const visible = mail.html
      .replace(/<style[^]*?<\/style>/g, ' ')
      .replace(/<[^>]*?(?:href="([^"]*)"[^>]*)?>/g, ' $1 ')
      .replaceAll('&#39;', "'")
      .replaceAll('&amp;', '&')
    const flat = (text: string) => text.replace(/\s+/g, '')
    for (const paragraph of mail.text.split(/\n\n/)) {
      const told = paragraph.replace(/^-- \n/, '').split(/\n(?=http)|(?<=\/\S+)\n/)
      for (const line of told) expect(flat(visible)).toContain(flat(line))
    }
    for (const line of mail.text.split('\n')) expect(line.startsWith('http') || line.length <= 78).toBe(true)
  })

  test('has a subject of the product alone, on one line, that names no user and no address', () => {
    const { subject } = sample(name, locale, 'Mallory https://evil.example')
    expect(subject).toBe(mail.subject)
    expect(subject).toContain(brand.appName)
    expect(subject).not.toMatch(/[\r\n]|https?:|Ada/)
  })
})

test('a display name arrives as harmless text, whatever it tries', () => {
  const displayName = '<a href="evil">x</a>\r\nBcc: evil'
  const { html, text, subject } = resetMail(displayName)
  expect(html).toContain('&lt;a href=&quot;evil&quot;&gt;x&lt;/a&gt; Bcc: evil')
  expect(html).not.toContain('<a href="evil"')
  expect(text).toContain('Hello <a href="evil">x</a> Bcc: evil,')
  expect(text).not.toMatch(/^Bcc:/m)
  expect(subject).not.toContain('evil')
})

test.each([
  ['control characters', 'A\u0000d\u001ba\u0085', 'A d a'],
  ['line and paragraph separators', 'Ada\u2028Bcc\u2029x', 'Ada Bcc x'],
  ['direction overrides and isolates', '\u202eAda\u2066\u200f\u061c', 'Ada'],
  ['lone surrogates', 'Ada\ud800', 'Ada'],
])('%s leave the display name', (_, displayName, left) => {
  const { text, html } = resetMail(displayName)
  expect(text).toContain(`Hello ${left},`)
  expect(html).toContain(`Hello ${left},`)
})

test('names keep what they are spelled with: joiners, emoji, accents, quotes', () => {
  const displayName = "Zoë O'Neil 👩‍💻 می‌خواهم"
  const { text, html } = resetMail(displayName)
  expect(text).toContain(`Hello ${displayName},`)
  expect(html).toContain(`Hello ${displayName.replace("'", '&#39;')},`)
})

test('a name that looks like a placeholder stays as it is', () => {
  const { text, html } = resetMail('%%link%% {appName} $& %%if x%%')
  expect(text).toContain('Hello %%link%% {appName} $& %%if x%%,')
  expect(html).toContain('Hello %%link%% {appName} $&amp; %%if x%%,')
})

test('without a name the greeting does without it, also where the name has nothing to show', () => {
  for (const displayName of [null, '', ' \u200f ']) expect(resetMail(displayName).text).toContain('\nHello,\n')
})

test.each([
  'You won! https://evil.example/claim',
  'evil.example',
  'Ada evil.example/x',
  'www.evil',
  'WWW.Evil',
  'a@evil',
  'ada＠evil',
  'evil．example',
  'evil。example',
  'ev\u200bil.ex\u200dample',
  'bücher.example',
  'пример.рф',
  '192.0.2.7',
  'javascript:alert',
  'tel:+123',
])('the name %j, which a mail program makes a link of, is left out', (displayName) => {
  expect(resetMail(displayName).text).toContain('\nHello,\n')
})

test.each(['J. R. R. Tolkien', 'J.R. Ewing', 'Martin Luther King, Jr.', 'St. John', 'Ada: the first', 'Anna-M. Ö'])(
  'the name %j stays',
  (displayName) => {
    expect(resetMail(displayName).text).toContain(`Hello ${displayName},`)
  },
)

test.each(['verifyEmail', 'confirmEmailChange'] as const)(
  '%s, which proves an address, greets without a name',
  (name) => {
    expect(sample(name, 'en', 'Mallory').text).toContain('\nHello,\n')
  },
)

test('the link is the button, stands in plain sight, and has a line of its own in the text part', () => {
  const { html, text } = verifyMail({ link: `${link}&x="y"` })
  const escaped = `${link}&amp;x=&quot;y&quot;`
  expect(html.split(`href="${escaped}"`)).toHaveLength(3)
  expect(html).toContain(`>${escaped}</a>`)
  expect(text.split('\n')).toContain(`${link}&x="y"`)
})

test.each([
  'javascript:alert(1)',
  ' JaVaScRiPt:alert(1)',
  'java\nscript:alert(1)',
  'data:text/html,<script>',
  'vbscript:x',
  'file:///etc/passwd',
  '/verify-email#token=x',
  'https://auth.example.com/\nx',
  '',
])('the link %j is refused', (wrong) => {
  expect(() => verifyMail({ link: wrong })).toThrow()
  expect(() =>
    renderMail({ name: 'alreadyRegistered', payload: { displayName: null, resetLink: wrong }, locale: 'en', brand }),
  ).toThrow()
})

test("an application's own scheme is a link like others", () => {
  expect(verifyMail({ link: 'com.acme.app://verify?token=x' }).html).toContain('href="com.acme.app://verify?token=x"')
})

test('the mail to a known address leads to log in where there is a place for it, and always to a new password', () => {
  const payload = { displayName: null, resetLink: 'https://auth.acme.example/reset-password' }
  const withPlace = renderMail({ name: 'alreadyRegistered', payload, locale: 'en', brand })
  const without = renderMail({ name: 'alreadyRegistered', payload, locale: 'en', brand: bare })
  expect(withPlace.html).toContain('href="https://app.acme.example/?a=1&amp;b=2"')
  expect(withPlace.text).toContain('Log in\nhttps://app.acme.example/?a=1&b=2\n')
  expect(without.html).not.toMatch(/app\.acme\.example|>\s*Log in\s*</)
  expect(without.text).not.toMatch(/app\.acme\.example|^Log in$|\n\n\n/m)
  for (const mail of [withPlace, without])
    expect(mail.html).toContain('href="https://auth.acme.example/reset-password"')
})

test.each(['emailChangeRequested', 'emailChangeUndone', 'accountDeleted', 'secondFactorAdded'] as const)(
  '%s carries no link and tells when it happened, in UTC',
  (name) => {
    const { html, text } = renderMail({ name, payload: { displayName: null, at }, locale: 'en', brand: bare })
    expect(`${html.replace(/xmlns\S+/g, '')}${text}`).not.toMatch(/href=|https?:/)
    expect(text.replace(/\s+/g, ' ')).toContain('March 5, 2026 at 07:08 UTC')
  },
)

describe.each(['passwordChanged', 'sessionEnded', 'emailChanged'] as const)('%s', (name) => {
  const address = name === 'emailChanged' ? { newAddress: 'ada@acme.example' } : { account: 'ada@acme.example' }
  const known = { displayName: null, at, ...address, device: 'Firefox · Windows', ipAddress: '203.0.113.7' }
  const of = (payload: object, by = brand) =>
    renderMail({ name, payload: { ...known, ...payload }, locale: 'en', brand: by })

  test('names the account and the device, and leads to the account page', () => {
    const { html, text } = of({})
    expect(text).toContain(`${name === 'emailChanged' ? 'New address' : 'Account'}: ada@acme.example\nDevice: Firefox`)
    expect(text).toContain('Device: Firefox · Windows · 203.0.113.7\n\n')
    expect(text).toContain('Go to your account\nhttps://auth.acme.example/account\n')
    expect(html).toContain('href="https://auth.acme.example/account"')
    expect(html).toContain('Firefox · Windows · 203.0.113.7</bdi>')
  })

  test('leaves out what is not known, and the link where there is no such page', () => {
    expect(of({ device: null }).text).toContain('\nDevice: 203.0.113.7\n')
    const { html, text } = of({ device: null, ipAddress: null }, bare)
    expect(text).not.toMatch(/Device|https?:|Go to|\n\n\n/)
    expect(html).not.toMatch(/Device:|href=|Go to/)
  })
})

test('without the account page, the page where one acts is that of the app', () => {
  const of = (env: Record<string, string>) =>
    brandOf(
      resolveConfig(
        readEnvironment({ PUBLIC_URL: 'https://auth.acme.example', SMTP_URL: 'smtp://127.0.0.1:1', ...env }),
      ),
    ).accountUrl
  expect(of({})).toBe('https://auth.acme.example/account')
  expect(of({ HOSTED_PAGES: 'off' })).toBeNull()
  expect(of({ HOSTED_PAGES: 'off', APP_URL: 'https://app.acme.example' })).toBe('https://app.acme.example')
})

test('a logo stands in place of the name, which is its alternative text', () => {
  const logoUrl = 'https://app.acme.example/logo.png?a=1&b="2"'
  const { html } = renderMail({
    name: 'verifyEmail',
    payload: { link, expiresIn: 1 },
    locale: 'en',
    brand: { ...brand, logoUrl },
  })
  expect(html).toMatch(
    /<img\s+src="https:\/\/app\.acme\.example\/logo\.png\?a=1&amp;b=&quot;2&quot;"\s+alt="Acme &amp; Söhne"/,
  )
  expect(html).not.toMatch(/>\s*Acme &amp; Söhne\s*</)
  expect(verifyMail({}).html).toMatch(/>\s*Acme &amp; Söhne\s*</)
})

test('the foot leads to the support, if there is one, and shows an address as what it is', () => {
  const of = (supportUrl: string | null) =>
    renderMail({ name: 'verifyEmail', payload: { link, expiresIn: 1 }, locale: 'en', brand: { ...brand, supportUrl } })
  expect(of('mailto:help@acme.example').text).toMatch(/\nContact support: help@acme\.example\n?$/)
  expect(of('mailto:help@acme.example').html).toMatch(/href="mailto:help@acme\.example"[^>]*>help@acme\.example</)
  expect(of('https://help.acme.example/').text).toMatch(/\nContact support: https:\/\/help\.acme\.example\/\n?$/)
  expect(`${of(null).text}${of(null).html}`).not.toMatch(/Contact support|href="mailto:/)
})

test('no text speaks of a button, which the text part does not have', () => {
  const speaking = LOCALES.filter((locale) =>
    /button|Schaltfläche|bouton|botón|botão|ボタン|الزر/i.test(
      // The keys of the labels are not read by people.
      JSON.stringify(CATALOGUES[locale].mails).replaceAll('"button":', ''),
    ),
  )
  expect(speaking).toEqual([])
})

test("the brand's colour and name are the mail's", () => {
  const { html } = verifyMail({})
  expect(html).toContain('background:#336699')
  expect(html).not.toMatch(/#1f4fd8/i)
  expect(html).toContain('Acme &amp; Söhne')
})

test("the life of a link is the configured one, in the language's own words", () => {
  expect(verifyMail({ expiresIn: 24 * 3_600_000 }).text).toContain('valid for 24 hours.')
  expect(verifyMail({ expiresIn: 3_600_000 }).text).toContain('valid for 1 hour.')
  expect(verifyMail({ expiresIn: 7_200_000 }, 'ar').text).toContain('لمدة ساعتين.')
})

test('a mail renders in less than a millisecond', () => {
  for (const [locale, name] of everyMail) sample(name, locale)
  const start = process.hrtime.bigint()
  for (let round = 0; round < 10; round++) for (const [locale, name] of everyMail) sample(name, locale)
  const perMail = Number(process.hrtime.bigint() - start) / 1e6 / (10 * everyMail.length)
  expect(perMail).toBeLessThan(1)
})
