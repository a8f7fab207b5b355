import { ConfigError, readEnvironment, resolveConfig } from '../../src/config/config'
import { originOf } from '../../src/config/values'
import { fillHtml, html } from '../../src/http/pages/html'
import { formatDuration, parseDuration } from '../../src/lib/duration'
import { canonicalEmail } from '../../src/lib/emailAddress'

describe('a duration', () => {
  test.each([
    [1, '1ms'],
    [1_500, '1500ms'],
    [30_000, '30s'],
    [900_000, '15m'],
    [5_400_000, '90m'],
    [86_400_000, '1d'],
  ])('of %i ms is spelled %s, and read back as it was', (milliseconds, text) => {
    expect(formatDuration(milliseconds)).toBe(text)
    expect(parseDuration(text)).toBe(milliseconds)
  })

  test.each(['', '0s', '15', 'm', '-1m', '1.5h', '1w', '1234567s', '15m '])('is not %j', (text) => {
    expect(parseDuration(text)).toBeNull()
  })
})

describe('an e-mail address', () => {
  test.each([
    [' Ada@Example.COM ', 'ada@example.com'],
    ['ada+tag.x@bücher.example', 'ada+tag.x@xn--bcher-kva.example'],
  ])('%j is known as %s', (text, address) => {
    expect(canonicalEmail(text)).toBe(address)
  })

  test('that fits as it is typed and not as it is sent is none', () => {
    const typed = `a@${'ü.'.repeat(60)}example.com`
    expect(typed.length).toBeLessThan(254)
    expect(canonicalEmail(typed)).toBeNull()
    expect(canonicalEmail(`a@${'ü.'.repeat(20)}example.com`)).toMatch(/^a@(xn--tda\.){20}example\.com$/)
  })

  test.each([
    `${'a'.repeat(65)}@example.com`,
    'a@b@example.com',
    '@example.com',
    'a@localhost',
    'a@[192.0.2.7]',
    'a@x%2ecom',
  ])('is not %j', (text) => {
    expect(canonicalEmail(text)).toBeNull()
  })
})

describe('an origin', () => {
  test.each([
    ['https://app.example.com', 'https://app.example.com'],
    ['https://app.example.com:443/path?x', 'https://app.example.com'],
    ['myapp://open', null],
    ['/path', null],
  ])('of %s is %s', (text, origin) => {
    expect(originOf(text)).toBe(origin)
  })
})

describe('markup of a page', () => {
  test('holds values as text, and markup of its own as it is', () => {
    const list = [html`<i>${'<'}</i>`, html`<b>${7}</b>`]
    expect(html`<p title="${'"x" & \'y\''}">${list}</p>`.markup).toBe(
      '<p title="&quot;x&quot; &amp; &#39;y&#39;"><i>&lt;</i><b>7</b></p>',
    )
  })

  test('fills the places of a text, and leaves what nothing fills', () => {
    const filled = fillHtml('<{email}> {other} {count}', { email: html`<b>${'a&b'}</b>`, count: 2 })
    expect(filled.markup).toBe('&lt;<b>a&amp;b</b>&gt; {other} 2')
  })
})

describe('the configuration', () => {
  test.each([
    ['true', true],
    ['false', false],
    ['10.0.0.0/8, 2001:db8::1', ['10.0.0.0/8', '2001:db8::1']],
  ])('believes with TRUST_PROXY=%s: %j', (value, trusted) => {
    expect(resolveConfig(readEnvironment({ TRUST_PROXY: value })).trustProxy).toEqual(trusted)
  })

  test.each([
    ['TLS_CERT_FILE', 'TLS_KEY_FILE'],
    ['TLS_KEY_FILE', 'TLS_CERT_FILE'],
  ])('%s alone is told as the lack of %s', (given, lacking) => {
    const read = () => readEnvironment({ [given]: '/etc/tls/file.pem' })
    expect(read).toThrow(ConfigError)
    expect(read).toThrow(`${lacking}: found nothing; accepted: both TLS files or none`)
  })

  test('is that of the process where no other is given', () => {
    process.env.APP_NAME = 'Here and Now'
    process.env.NODE_ENV = 'development'
    expect(readEnvironment()).toMatchObject({ APP_NAME: 'Here and Now', NODE_ENV: 'development' })
    delete process.env.APP_NAME
    process.env.NODE_ENV = 'test'
  })
})
