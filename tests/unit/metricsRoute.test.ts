import { fastify } from 'fastify'
import { metricsRoute } from '../../src/http/metricsRoute'
import { createMetrics } from '../../src/ops/metrics'

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
