import fastify, { type FastifyInstance } from 'fastify'
import { contrastWithWhite } from '../../src/config/values'
import { type InboxMail } from '../../src/dev/inbox/store'
import { brandStyles } from '../../src/http/pages/brand'
import { devInboxPage } from '../../src/http/pages/devInboxPage'
import { type FrontPageOptions, frontPage } from '../../src/http/pages/frontPage'
import { type HostedPagesOptions, hostedPages } from '../../src/http/pages/hostedPages'
import { MAILED_PAGES } from '../support/mailedPages'

const OPTIONS: HostedPagesOptions = {
  appName: 'Gatehouse',
  appUrl: null,
  supportUrl: null,
  logoUrl: null,
  brandColor: '#1f4fd8',
  passwordPolicy: { minLength: 8, maxLength: 128, minScore: 3 },
}
const MAIL: InboxMail = {
  id: 'a1',
  sentAt: new Date('2026-11-22T10:15:30Z'),
  to: 'ada@example.com',
  subject: '<i>Hello</i>',
  text: 'Open https://example.com/verify-email#token=abc now <b>',
  html: '<html><head><title>x</title></head><body><script>alert(1)</script></body></html>',
  source: 'Subject: <i>Hello</i>',
  token: 'abc',
  code: null,
}

describe('the front page', () => {
  const PRODUCTION: FrontPageOptions = {
    ...{ appName: 'Acme', logoUrl: null, appUrl: 'https://app.example.com' },
    ...{ hostedPages: true, development: null },
  }
  async function get(options: Partial<FrontPageOptions>, headers: Record<string, string> = { accept: 'text/html' }) {
    const app = fastify()
    frontPage(app, { ...PRODUCTION, ...options })
    const response = await app.inject({ url: '/', headers })
    await app.close()
    return response
  }
  const linksOf = (body: string) => [...body.matchAll(/<a href="([^"]+)"/g)].map(([, link]) => link)
  const PROGRAMS = ['/api/openapi.json', '/.well-known/openid-configuration', '/.well-known/jwks.json', '/health/ready']

  test('leads people to their account and the app, and programs to what they read', async () => {
    const { body } = await get({}, { accept: 'text/html,*/*;q=0.8', 'accept-language': 'de' })
    expect(body).toContain('Hier melden Sie sich bei Acme an')
    expect(linksOf(body)).toEqual(['/account', 'https://app.example.com', ...PROGRAMS])
  })

  test('in production names nothing that is off and no development tool', async () => {
    const { body } = await get({ hostedPages: false, appUrl: null })
    expect(linksOf(body)).toEqual(PROGRAMS)
    expect(body).not.toMatch(/sign in|account|[Dd]evelopment|metrics|inbox|<script/)
  })

  test('with development tools lists those that are on', async () => {
    const development = { sandbox: true, hasInbox: false, operatorApi: true }
    const { body } = await get({ development })
    expect(linksOf(body).slice(-3)).toEqual(['/graphql', '/operator/graphql', '/metrics'])
  })

  test('is for browsers: other clients get 404', async () => {
    expect((await get({}, { accept: '*/*' })).statusCode).toBe(404)
    expect((await get({}, {})).statusCode).toBe(404)
  })
})

describe('hosted pages', () => {
  const apps: FastifyInstance[] = []
  afterEach(async () => {
    for (const app of apps.splice(0)) await app.close()
  })

  function serve(options: Partial<HostedPagesOptions> = {}): FastifyInstance {
    const app = fastify()
    apps.push(app)
    return app.register(hostedPages, { ...OPTIONS, ...options })
  }

  test.each(MAILED_PAGES)(
    '%s runs its own script alone, is stored and framed nowhere, and tells nobody of itself',
    async (url) => {
      const { headers, body } = await serve().inject(url)
      const policy = String(headers['content-security-policy'])
      expect(policy).toContain("default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'")
      expect(policy).toContain("form-action 'none'; base-uri 'none'; frame-ancestors 'none'")
      expect(policy).not.toContain('unsafe')
      expect(headers).toMatchObject({ 'cache-control': 'no-store', 'referrer-policy': 'no-referrer' })
      expect(headers['content-type']).toBe('text/html; charset=utf-8')
      expect(body).not.toMatch(/\sstyle=|<style|\son\w+=|<script>/)
    },
  )

  test('names from the configuration stand as text, never as markup', async () => {
    const { body } = await serve({ appName: '"><img src=x>', appUrl: 'https://app.example/?a="&b' }).inject(
      '/verify-email',
    )
    expect(body).not.toContain('<img src=x>')
    expect(body).toContain('&quot;&gt;&lt;img src=x&gt;')
    expect(body).toContain('href="https://app.example/?a=&quot;&amp;b"')
  })

  test('where a link is dead, another leads to the support, if there is one', async () => {
    const { body } = await serve({ supportUrl: 'mailto:support@example.com?a="&b' }).inject('/verify-email')
    const link = 'href="mailto:support@example.com?a=&quot;&amp;b"'
    for (const part of ['data-step="expired"', 'data-step="invalid"']) {
      expect([part, body.split(part)[1]?.split('</section>')[0]?.includes(link)]).toEqual([part, true])
    }
    expect((await serve().inject('/verify-email')).body).not.toContain('class="support"')
  })

  test.each([
    ['ar-EG, en;q=0.5', 'ar', 'rtl'],
    ['ja', 'ja', 'ltr'],
    ['tlh', 'en', 'ltr'],
  ])('the language follows Accept-Language: %s', async (acceptLanguage, language, direction) => {
    const { headers, body } = await serve().inject({
      url: '/reset-password',
      headers: { 'accept-language': acceptLanguage },
    })
    expect(body).toContain(`<html lang="${language}" dir="${direction}">`)
    expect(headers['content-language']).toBe(language)
  })

  test.each(MAILED_PAGES)('%s is found with a slash behind it, a query, and an encoded fragment', async (url) => {
    const app = serve()
    const { body } = await app.inject(url)
    expect(body).toContain(`data-path="${url}"`)
    for (const rewritten of [
      `${url}/`,
      `${url}?token=abc`,
      `${url}/?token=abc`,
      `${url}%23token=abc`,
      `${url}%23token%3Dabc`,
    ]) {
      const answer = await app.inject(rewritten)
      expect([rewritten, answer.statusCode, answer.body === body]).toEqual([rewritten, 200, true])
    }
    for (const other of [`${url}//`, `${url}x`, `${url}/x`]) expect((await app.inject(other)).statusCode).toBe(404)
  })

  test.each(MAILED_PAGES)('no text of %s is left with a placeholder', async (url) => {
    const { body } = await serve({ appUrl: 'https://app.example' }).inject(url)
    expect(body).not.toMatch(/\{\w+\}/)
  })

  test.each(['/assets/page.js', '/assets/page.css', '/assets/brand.css', '/assets/icon.svg'])(
    '%s is asked for again each time, and sent again only when it has changed',
    async (url) => {
      const app = serve()
      const { headers } = await app.inject(url)
      expect(headers['cache-control']).toBe('no-cache')
      const again = await app.inject({ url, headers: { 'if-none-match': String(headers.etag) } })
      expect([again.statusCode, again.body]).toEqual([304, ''])
      const other = await app.inject({ url, headers: { 'if-none-match': '"another"' } })
      expect(other.statusCode).toBe(200)
    },
  )

  test.each(['#000000', '#1f4fd8', '#767676', '#0000ff'])('%s stays readable on dark ground', (color) => {
    const onDark = /--brand-on-dark: (#\w{6})/.exec(brandStyles(color))?.[1] ?? ''
    const cardContrast = contrastWithWhite('#1d2026') / contrastWithWhite(onDark)
    expect(cardContrast).toBeGreaterThanOrEqual(4.5)
  })
})

describe('the development inbox', () => {
  let app: FastifyInstance
  const mails: InboxMail[] = []

  beforeEach(() => {
    mails.splice(0, mails.length, MAIL)
    const find = (id: string) => Promise.resolve(mails.find((mail) => mail.id === id) ?? null)
    app = fastify().register(devInboxPage, {
      inbox: { list: () => Promise.resolve(mails), find, clear: () => Promise.resolve() },
      logoUrl: 'https://app.example.com/logo.png',
    })
  })
  afterEach(() => app.close())

  test('a mail is shown in a sandbox: no script, nothing loaded, links in a tab of their own', async () => {
    const { headers, body } = await app.inject('/dev/inbox/mails/a1/html')
    const policy = String(headers['content-security-policy'])
    expect(policy).toContain("script-src 'none'")
    expect(policy).toContain('img-src data: https://app.example.com/logo.png;')
    expect(policy).toMatch(/sandbox allow-popups allow-popups-to-escape-sandbox$/)
    expect(body).toContain('<head><base target="_blank" />')
  })

  test('what mails say stands as text, and addresses in it are links', async () => {
    const { body } = await app.inject('/dev/inbox/mails/a1?view=text')
    expect(body).not.toContain('<i>Hello</i>')
    expect(body).toContain('&lt;b&gt;')
    expect(body).toContain(
      '<a href="https://example.com/verify-email#token=abc" target="_blank" rel="noopener noreferrer">',
    )
  })

  test('an empty inbox says how to cause a mail, and a mail that is gone is a 404', async () => {
    expect((await app.inject('/dev/inbox/mails/b2')).statusCode).toBe(404)
    expect((await app.inject('/dev/inbox/mails/b2/html')).statusCode).toBe(404)
    mails.splice(0)
    expect((await app.inject('/dev/inbox')).body).toContain('/api/auth/register')
  })
})
