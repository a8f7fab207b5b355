import { DatabaseOutageError } from '../../src/errors/outage'
import { createReadiness } from '../../src/ops/readiness'

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
