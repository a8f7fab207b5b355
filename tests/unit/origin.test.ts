import { originOf } from '../../src/config/values'

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
