import { codePoints, normalizePassword } from '../../src/passwords/passwordText'

test('composed and decomposed spellings are one password', () => {
  expect(normalizePassword('caf\u0065\u0301')).toBe('caf\u00e9')
  expect(normalizePassword('caf\u00e9')).toBe('caf\u00e9')
})

test('compatibility characters stay what they are: only canonical equivalents are one', () => {
  expect(normalizePassword('ﬁ')).toBe('ﬁ')
})

test.each(['\ud800', 'before\udc00after', '\udc00\ud800'])('text with a lone surrogate is no password (%#)', (text) => {
  expect(normalizePassword(text)).toBeNull()
})

test('text with a NUL is no password, wherever it stands', () => {
  expect(normalizePassword('\0')).toBeNull()
  expect(normalizePassword('long enough\0and more')).toBeNull()
})

test.each(['  spaces stay  ', '😀 emoji', 'пароль', '"quoted"\\', 'tab\tand\u007f', ''])(
  '%j is taken as it is',
  (text) => {
    expect(normalizePassword(text)).toBe(text)
  },
)

test('characters beyond the basic plane count once', () => {
  expect(codePoints('a😀я')).toBe(3)
  expect(codePoints('😀'.repeat(64))).toBe(64)
  expect(codePoints('')).toBe(0)
})
