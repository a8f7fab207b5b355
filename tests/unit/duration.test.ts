import { formatDuration, parseDuration } from '../../src/lib/duration'

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
