import { canonicalIp, networksOf } from '../../src/lib/ipAddress'

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

describe('networksOf', () => {
  test('1000 addresses of one IPv6 /64 are in the same networks', () => {
    const all = Array.from({ length: 1000 }, (_, i) => networksOf(`2001:db8:1:2:${i.toString(16)}::${i.toString(16)}`))
    for (const networks of all) {
      expect(networks).toEqual([
        { prefix: '2001:db8:1:2::/64', share: 1 },
        { prefix: '2001:db8:1::/56', share: 10 },
        { prefix: '2001:db8:1::/48', share: 100 },
      ])
    }
  })

  test.each([
    ['another /64 of the same /56', '2001:db8:1:2::1', '2001:db8:1:3::1', [false, true, true]],
    ['another /56 of the same /48', '2001:db8:1:2::1', '2001:db8:1:102::1', [false, false, true]],
    ['another /48', '2001:db8:1:2::1', '2001:db8:2:2::1', [false, false, false]],
  ])('%s', (_what, one, other, same) => {
    const [here, there] = [networksOf(one), networksOf(other)]
    expect(here.map(({ prefix }, index) => prefix === there[index]?.prefix)).toEqual(same)
  })

  test('each IPv4 address has its own budget, also when it came as mapped IPv6', () => {
    const networks = ['::ffff:192.0.2.7', '::ffff:192.0.2.8'].map((text) => networksOf(canonicalIp(text) ?? ''))
    expect(networks).toEqual([[{ prefix: '192.0.2.7', share: 1 }], [{ prefix: '192.0.2.8', share: 1 }]])
  })
})
