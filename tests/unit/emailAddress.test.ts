import { canonicalEmail } from '../../src/lib/emailAddress'

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
