import { LocalCounters } from '../../src/ratelimit/localCounters'

describe('the counters in memory', () => {
  const MAX = 3
  const counters = () => new LocalCounters(() => 1_000)

  test('hold a budget as spent that another store found spent, before any call of their own', () => {
    const local = counters()
    local.markSpent('key', MAX, 5_000)
    expect(local.msBlocked('key', MAX)).toBe(5_000)
    expect(local.hit('key', 60_000)).toEqual({ calls: 4, msLeft: 5_000 })
  })

  test('open no window for being told when one ends', () => {
    const local = counters()
    local.syncWindowEnd('key', 5)
    expect(local.hit('key', 60_000).msLeft).toBe(60_000)
    local.syncWindowEnd('key', 5_000)
    expect(local.hit('key', 60_000).msLeft).toBe(5_000)
  })
})
