import { GraphQLError } from 'graphql'
import { createLogger } from '../../src/ops/logger'

const SECRET = 'hunter2'

interface LoggedError {
  name: string
  code?: string
  frames?: string[]
  cause?: LoggedError
  errors?: LoggedError[]
}

function opened() {
  const lines: string[] = []
  const logger = createLogger({
    level: 'debug',
    pretty: false,
    destination: { write: (line) => void lines.push(line) },
  })
  return { logger, lines, last: () => JSON.parse(lines.at(-1) ?? '') as { msg: string; err: LoggedError } }
}

/** Its message, its cause and a property such as pg's `detail` quote a secret. */
function quoting(): Error {
  const cause = Object.assign(new RangeError(`cause ${SECRET}\n    at ${SECRET}`), { code: '23505', detail: SECRET })
  return Object.assign(new TypeError(`password ${SECRET}\n    at ${SECRET} (file.ts:1:1)`, { cause }), {
    code: 'ERR_QUOTED',
    detail: SECRET,
  })
}

const WAYS: [string, (logger: ReturnType<typeof opened>['logger'], error: unknown) => void][] = [
  ['alone', (logger, error) => logger.error(error)],
  ['with a text', (logger, error) => logger.error(error, 'failed')],
  ['as err', (logger, error) => logger.error({ event: 'failed', err: error })],
  ['as err with a text', (logger, error) => logger.error({ event: 'failed', err: error }, 'failed')],
  ['by a child logger', (logger, error) => logger.child({ requestId: 'r' }).error({ err: error })],
]

test.each(WAYS)('an error is logged by name, code and frames, through its cause, never by message: %s', (_way, log) => {
  const { logger, lines, last } = opened()
  log(logger, quoting())
  expect(lines.join()).not.toContain(SECRET)
  const { err } = last()
  expect(err).toMatchObject({ name: 'TypeError', code: 'ERR_QUOTED', cause: { name: 'RangeError', code: '23505' } })
  expect(err.frames?.[0]).toContain('logger.test.ts')
  expect(err.cause?.frames?.[0]).toContain('logger.test.ts')
})

test('an error under another key, or put into a text, is logged without its message', () => {
  const { logger, lines } = opened()
  logger.warn({ problem: quoting() }, 'failed')
  logger.warn('failed: %s', quoting())
  expect(lines).toHaveLength(2)
  expect(lines.join()).not.toContain(SECRET)
  expect(JSON.parse(lines[0] ?? '')).toMatchObject({ problem: { name: 'TypeError', code: 'ERR_QUOTED' } })
  expect(lines[1]).toContain('failed: TypeError')
})

test('the members of an AggregateError, a resolver’s error and the error of Prisma’s driver are logged the same way', () => {
  const { logger, lines, last } = opened()
  logger.error({ err: new AggregateError([quoting(), SECRET], SECRET) }, 'failed')
  expect(last().err).toMatchObject({ name: 'AggregateError', errors: [{ code: 'ERR_QUOTED' }, { name: 'string' }] })
  logger.error({ err: new GraphQLError(SECRET, { originalError: quoting() }) }, 'failed')
  expect(last().err).toMatchObject({ name: 'GraphQLError', cause: { code: 'ERR_QUOTED' } })
  const driverAdapterError = {
    name: 'DriverAdapterError',
    cause: { kind: 'postgres', originalCode: '57P01', originalMessage: SECRET },
  }
  logger.error({ err: Object.assign(new Error(SECRET), { code: 'P2010', meta: { driverAdapterError } }) }, 'failed')
  expect(last().err).toMatchObject({ code: 'P2010', cause: { cause: { name: 'postgres', code: '57P01' } } })
  expect(lines.join()).not.toContain(SECRET)
})

test('what is thrown and is no error shows its type alone', () => {
  const { logger, lines, last } = opened()
  logger.error({ err: SECRET }, 'failed')
  expect(last().err).toEqual({ name: 'string' })
  logger.error({ err: Object.assign(new Error(), { name: `${SECRET} is the name`, code: `code ${SECRET}` }) }, 'failed')
  expect(lines.join()).not.toContain(SECRET)
})

test('a circle of causes ends', () => {
  const { logger, lines } = opened()
  const error = new Error(SECRET)
  error.cause = error
  logger.error({ err: error }, 'failed')
  expect(lines).toHaveLength(1)
})
