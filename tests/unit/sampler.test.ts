import { createSampler } from '../../src/ops/sampler'

test('the first lines of a minute are logged, the rest counted and told with the next one', () => {
  let now = 0
  const sample = createSampler(2, () => now)
  expect([sample(), sample(), sample(), sample()]).toEqual([0, 0, null, null])
  now = 59_999
  expect(sample()).toBeNull()
  now = 60_000
  expect([sample(), sample(), sample()]).toEqual([3, 0, null])
})
