import { CircuitBreaker } from '../../src/mail/circuitBreaker'
import { createLogger } from '../../src/ops/logger'
import { Counted } from '../support/mailer'

describe('a circuit breaker', () => {
  const breakers: CircuitBreaker[] = []
  afterEach(() => {
    for (const breaker of breakers.splice(0)) breaker.stop()
  })

  function start(counted: Counted, isNeeded: () => Promise<boolean>): CircuitBreaker {
    const logger = createLogger({ level: 'debug', pretty: false, destination: counted })
    const probe = () => Promise.reject(Object.assign(new Error('x'), { code: 'ECONNREFUSED' }))
    const breaker = new CircuitBreaker({ probe, interval: 5, isNeeded, logger })
    breakers.push(breaker)
    return breaker
  }

  test('closes without a probe where no mail waits: the next mail is the probe', async () => {
    let asked: (open: boolean) => void = () => undefined
    const wasAsked = new Promise<boolean>((resolve) => (asked = resolve))
    const breaker = start(new Counted(), () => {
      asked(breaker.isOpen())
      return Promise.resolve(false)
    })
    expect(await wasAsked).toBe(true)
    await new Promise(setImmediate)
    expect(breaker.isOpen()).toBe(false)
  })

  test('reports once that it opened, however often it probes', async () => {
    const counted = new Counted()
    let asked = 0
    await new Promise<void>((resolve) => {
      start(counted, () => {
        asked += 1
        if (asked === 3) resolve()
        return asked === 2 ? Promise.reject(new Error('the database is away as well')) : Promise.resolve(true)
      })
    })
    expect(counted.log.filter((line) => line.includes('The mail server is down'))).toHaveLength(1)
  })
})
