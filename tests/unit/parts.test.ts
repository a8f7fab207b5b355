import { fastify } from 'fastify'
import { AbandonedError } from '../../src/errors/requestErrors'
import { requestTimeout } from '../../src/http/requestTimeout'
import { metricsRoute } from '../../src/http/metricsRoute'
import { Closers } from '../../src/lib/closers'
import { CircuitBreaker } from '../../src/mail/circuitBreaker'
import { createSmtpTransport } from '../../src/mail/smtpTransport'
import { createLogger } from '../../src/ops/logger'
import { createMetrics } from '../../src/ops/metrics'
import { DatabaseOutageError } from '../../src/errors/outage'
import { createReadiness } from '../../src/ops/readiness'
import { LocalCounters } from '../../src/ratelimit/localCounters'
import { createInFlight } from '../../src/services/steps/inFlight'
import { Counted } from '../support/mailer'

describe('calls that are the same and under way at the same time', () => {
  /** Work that ends when the test says so. */
  function held() {
    let end: (failure?: Error) => void = () => undefined
    const ended = new Promise<void>((resolve, reject) => {
      end = (failure) => (failure ? reject(failure) : resolve())
    })
    const work = jest.fn(() => ended)
    return { work, end }
  }

  test('of fifty one is done, and the same call after them anew', async () => {
    const inFlight = createInFlight()
    const { work, end } = held()
    const calls = Array.from({ length: 50 }, () => inFlight.run('same', work))
    const other = inFlight.run('other', work)
    end()
    await Promise.all([...calls, other])
    expect(work).toHaveBeenCalledTimes(2)
    await inFlight.run('same', work)
    expect(work).toHaveBeenCalledTimes(3)
  })

  // The race: the client whose call is done goes away, and the others would fail with it.
  test('are done once more for those who follow, where the one that led was abandoned', async () => {
    const inFlight = createInFlight()
    const first = held()
    const second = held()
    const leading = inFlight.run('same', first.work)
    const following = Array.from({ length: 50 }, () => inFlight.run('same', second.work))
    first.end(new AbandonedError())
    await expect(leading).rejects.toBeInstanceOf(AbandonedError)
    second.end()
    await Promise.all(following)
    expect(second.work).toHaveBeenCalledTimes(1)
  })

  test('fail together for any other reason', async () => {
    const inFlight = createInFlight()
    const first = held()
    const second = held()
    const calls = [inFlight.run('same', first.work), inFlight.run('same', second.work)]
    first.end(new Error('the database is away'))
    for (const { status } of await Promise.allSettled(calls)) expect(status).toBe('rejected')
    expect(second.work).not.toHaveBeenCalled()
  })
})

describe('what was opened', () => {
  test('is closed last first, all of it although a part fails, and once', async () => {
    const closers = new Closers()
    const closed: string[] = []
    closers.push(() => closed.push('first'))
    closers.push(() => Promise.reject(new Error('stuck')))
    closers.push(() => closed.push('last'))
    const failure = await closers.close().catch((error: unknown) => error)
    expect(failure).toBeInstanceOf(AggregateError)
    expect(failure).toMatchObject({ errors: [{ message: 'stuck' }] })
    expect(closed).toEqual(['last', 'first'])
    await expect(closers.close()).rejects.toBe(failure)
    expect(closed).toHaveLength(2)
  })
})

describe('readiness', () => {
  const ready = {
    database: () => Promise.resolve(null),
    pending: () => Promise.resolve([]),
    keys: () => null,
    passwordsChecked: () => true,
  }
  const failing = (error: object) => ({ database: () => Promise.reject(Object.assign(new Error('secret'), error)) })
  const outage = (cause: object) => ({ database: () => Promise.reject(new DatabaseOutageError(cause)) })

  test.each([
    ['database unreachable: connection refused (ECONNREFUSED)', failing({ code: 'ECONNREFUSED' })],
    ['database unreachable: wrong password (28P01)', outage({ code: '28P01' })],
    [
      'database unreachable: certificate or TLS refused (DEPTH_ZERO_SELF_SIGNED_CERT)',
      outage({ code: 'DEPTH_ZERO_SELF_SIGNED_CERT' }),
    ],
    [
      'database unreachable: the server offers no TLS',
      outage(new Error('The server does not support SSL connections')),
    ],
    ['database unreachable: no answer', outage(new Error('timeout exceeded when trying to connect'))],
    ['database unreachable: EOTHER', outage({ code: 'EOTHER' })],
    ['database unusable: the role lacks a right (42501)', failing({ code: '42501' })],
    ['database unreachable: no answer', { pending: () => Promise.reject(new Error('Connection terminated')) }],
    ['the database is a read-only standby', { database: () => Promise.resolve('the database is a read-only standby') }],
    ['migrations pending', { pending: () => Promise.resolve(['20260101_next']) }],
    ['password checks starting', { passwordsChecked: () => false }],
    ['signing keys missing', { keys: () => 'signing keys missing' }],
    [null, {}],
  ])('says %j', async (reason, lack) => {
    expect(await createReadiness({ ...ready, ...lack }).check()).toBe(reason)
  })

  test('ends with the server, whatever else is well', async () => {
    const readiness = createReadiness(ready)
    readiness.stop()
    expect(await readiness.check()).toBe('stopping')
  })
})

describe('an answer', () => {
  test('that takes too long is 503, whatever it waits for, and one in time is left alone', async () => {
    const app = fastify()
    requestTimeout(app, 30)
    app.get('/slow', () => new Promise(() => undefined))
    app.get('/quick', () => 'done')
    const slow = await app.inject('/slow')
    expect([slow.statusCode, slow.headers['retry-after'], slow.headers['cache-control']]).toEqual([
      503,
      '5',
      'no-store',
    ])
    expect(slow.json()).toMatchObject({ error: { code: 'SERVICE_UNAVAILABLE' } })
    expect((await app.inject('/quick')).body).toBe('done')
    await app.close()
  })
})

describe('the metrics', () => {
  const refresh = () => Promise.resolve()

  test.each([
    ['no token where none is set, with development tools', null, true, undefined, 200],
    ['nothing where none is set, without development tools', null, false, 'Bearer x', 404],
    ['no bearer', 'the token', true, undefined, 401],
    ['another bearer', 'the token', false, 'Bearer the tokem', 401],
    ['the bearer', 'the token', false, 'Bearer the token', 200],
  ])('with %s', async (_name, token, open, authorization, status) => {
    const app = fastify()
    metricsRoute(app, { metrics: createMetrics(), refresh, token, open })
    const headers = authorization === undefined ? {} : { authorization }
    const answer = await app.inject({ url: '/metrics', headers })
    expect(answer.statusCode).toBe(status)
    expect(answer.body.includes('gatehouse_http_request_duration_seconds')).toBe(status === 200)
    await app.close()
  })
})

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

describe('the ports of a mail server', () => {
  test.each([
    ['smtp://127.0.0.1', '127.0.0.1:587'],
    ['smtps://127.0.0.1', '127.0.0.1:465'],
    ['smtp://127.0.0.1:1', '127.0.0.1:1'],
  ])('%s is asked at %s', async (url, address) => {
    const transport = createSmtpTransport({ url, name: 'auth.example.com', from: 'x@example.com', production: false })
    await expect(transport.verify()).rejects.toThrow(`ECONNREFUSED ${address}`)
    await transport.close()
  })
})
