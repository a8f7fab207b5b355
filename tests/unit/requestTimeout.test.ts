import { fastify } from 'fastify'
import { requestTimeout } from '../../src/http/requestTimeout'

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
