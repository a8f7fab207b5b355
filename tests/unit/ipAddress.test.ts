import { budgetPrefix, canonicalIp } from '../../src/lib/ipAddress'

describe('canonicalIp', () => {
  test.each([
    ['192.0.2.7', '192.0.2.7'],
    ['192.0.2.7:443', '192.0.2.7'],
    ['2001:DB8:0:0:0:0:0:1', '2001:db8::1'],
    ['[2001:db8::1]:443', '2001:db8::1'],
    ['[2001:db8::1]', '2001:db8::1'],
    ['fe80::1%eth0', 'fe80::1'],
  ])('%s is known as %s', (text, address) => {
    expect(canonicalIp(text)).toBe(address)
  })

  test.each(['::ffff:192.0.2.7', '::FFFF:c000:207', '0:0:0:0:0:ffff:192.0.2.7', '[::ffff:192.0.2.7]:80'])(
    '%s, IPv4 on a socket of both families, is known as the IPv4 address',
    (text) => {
      expect(canonicalIp(text)).toBe('192.0.2.7')
    },
  )

  test.each([
    '',
    'unknown',
    '_hidden',
    'localhost',
    '192.0.2',
    '3221225991',
    '0xc0.0.2.7',
    '192.0.2.256',
    '192.0.2.7, 10.0.0.1',
    '192.0.2.7:',
    '[192.0.2.7',
    '[2001:db8::1',
    '[2001:db8::1]x',
    '192.0.2.7:80:80',
    '2001:db8::g',
    '1::2::3',
  ])('%j is no address', (text) => {
    expect(canonicalIp(text)).toBeNull()
  })
})

describe('budgetPrefix', () => {
  test('1000 addresses of one IPv6 /64 have one budget', () => {
    const prefixes = Array.from({ length: 1000 }, (_, i) =>
      budgetPrefix(`2001:db8:1:2:${i.toString(16)}::${i.toString(16)}`),
    )
    expect(new Set(prefixes)).toEqual(new Set(['2001:db8:1:2::/64']))
  })

  test('another /64 has another budget', () => {
    expect(budgetPrefix('2001:db8:1:3::1')).not.toBe(budgetPrefix('2001:db8:1:2::1'))
  })

  test('each IPv4 address has its own budget, also when it came as mapped IPv6', () => {
    const [one, other] = ['::ffff:192.0.2.7', '::ffff:192.0.2.8'].map((text) => budgetPrefix(canonicalIp(text) ?? ''))
    expect(one).toBe('192.0.2.7')
    expect(other).toBe('192.0.2.8')
  })
})
