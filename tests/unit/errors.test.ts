import type { ApolloServerOptions } from '@apollo/server'
import { withoutMessages } from '../../src/graphql/apollo'
import { createLogger } from '../../src/ops/logger'
import { ApolloServerErrorCode } from '@apollo/server/errors'
import { GraphQLError } from 'graphql'
import { toPublicError } from '../../src/errors/publicError'
import { isDatabaseOutage } from '../../src/errors/outage'
import { AbandonedError, ServiceUnavailableError, UnauthenticatedError } from '../../src/errors/requestErrors'
import { asGraphQLError, presentError } from '../../src/graphql/presentError'
import { smtpFailure } from '../../src/mail/smtpFailure'

const coded = (code: string) => Object.assign(new Error('x'), { code })

describe('a database outage', () => {
  test.each([
    ['a refused connection', coded('ECONNREFUSED')],
    ['a name that is not found', coded('ENOTFOUND')],
    ['what Prisma says of a server that it cannot reach', coded('P1001')],
    ['a server that is shutting down', coded('57P01')],
    ['a server with too many connections', coded('53300')],
    ['a replica after a failover', coded('25006')],
    ['a pool that is exhausted', new Error('timeout exceeded when trying to connect')],
    ['a connection that broke', new Error('Connection terminated unexpectedly')],
    ['every address of a host refusing', new AggregateError([coded('EINVAL'), coded('ECONNREFUSED')])],
    ['the cause of what was thrown', new Error('x', { cause: coded('ECONNRESET') })],
    ["an adapter's error in the words of the driver", { meta: { driverAdapterError: { kind: 'SocketTimeout' } } }],
    ["an adapter's error with the code of the server", { meta: { driverAdapterError: { originalCode: '57P03' } } }],
  ])('is %s', (_name, error) => {
    expect(isDatabaseOutage(error)).toBe(true)
  })

  test.each([
    ['a duplicate', coded('P2002')],
    ['an undefined table', coded('42P01')],
    ['a fault of ours', new TypeError('x is not a function')],
    ['several faults of ours', new AggregateError([coded('EINVAL'), new TypeError('x')])],
    ['what is no error', 'ECONNREFUSED'],
    ['nothing', null],
    ['meta that is no object', { meta: 'x' }],
  ])('is not %s', (_name, error) => {
    expect(isDatabaseOutage(error)).toBe(false)
  })

  test('is not looked for without end where errors cause each other', () => {
    const error = new Error('x')
    error.cause = error
    expect(isDatabaseOutage(error)).toBe(false)
  })
})

describe('what leaves the server', () => {
  test.each<[Error, string, boolean]>([
    [new UnauthenticatedError('signature refused'), 'UNAUTHENTICATED', false],
    [new ServiceUnavailableError('no key'), 'SERVICE_UNAVAILABLE', false],
    [new AbandonedError(), 'SERVICE_UNAVAILABLE', false],
    [coded('ECONNREFUSED'), 'SERVICE_UNAVAILABLE', true],
    [new Error('SELECT * FROM users'), 'INTERNAL_SERVER_ERROR', true],
  ])('of %s is %s and none of its words', (error, code, isServerFault) => {
    expect(toPublicError(error, undefined, error.message)).toMatchObject({ code, isServerFault, message: null })
  })

  const presentation = { locale: 'en', requestId: null, detailed: true } as const

  test('of an error of the protocol, which came before there was a GraphQL one, is its code and its words', () => {
    const formatted = { message: 'POST body missing', extensions: { code: ApolloServerErrorCode.BAD_REQUEST } }
    for (const error of [new Error('inside'), 'inside']) {
      const presented = presentError(asGraphQLError(error, formatted), presentation)
      expect(presented).toMatchObject({ message: 'POST body missing', extensions: { code: 'BAD_REQUEST' } })
    }
  })

  test('of a fault that came before there was a GraphQL error is nothing of it', () => {
    const formatted = { message: 'password=hunter2', extensions: { code: 'INTERNAL_SERVER_ERROR' } }
    const presented = presentError(asGraphQLError(new Error('password=hunter2'), formatted), presentation)
    expect(presented.extensions).toEqual({ code: 'INTERNAL_SERVER_ERROR' })
    expect(JSON.stringify(presented)).not.toContain('hunter2')
  })

  test('of an outage that came before there was a GraphQL error is that the service is away', () => {
    const formatted = { message: 'x', extensions: { code: 'INTERNAL_SERVER_ERROR' } }
    const presented = presentError(asGraphQLError(coded('ECONNREFUSED'), formatted), presentation)
    expect(presented.extensions).toEqual({ code: 'SERVICE_UNAVAILABLE' })
  })

  test('of a GraphQL error is decided by itself, not by what was made of it', () => {
    const error = new GraphQLError('Unknown field', { extensions: { code: 'GRAPHQL_VALIDATION_FAILED' } })
    expect(asGraphQLError(error, { message: 'other' })).toBe(error)
  })
})

describe('of a failed mail', () => {
  test.each([
    ['what has no code', new Error('x'), 'unknown'],
    ['nothing', undefined, 'unknown'],
    ['a code that is no text', { code: 42, command: 7 }, 'unknown'],
    ['the cause that the system named', { code: 'ESOCKET', originalCode: 'ECONNREFUSED' }, 'econnrefused'],
    ["the mailer's own code", { code: 'EDNS' }, 'edns'],
  ])('the reason is a label of few values: %s', (_name, error, reason) => {
    expect(smtpFailure(error)).toMatchObject({ outcome: 'retry', connectionProblem: true, reason })
  })
})

test('what Apollo logs holds none of its words, which may quote a value', () => {
  const lines: string[] = []
  const logger = createLogger({ level: 'debug', pretty: false, destination: { write: (line) => lines.push(line) } })
  const quiet: NonNullable<ApolloServerOptions<object>['logger']> = withoutMessages(logger)
  for (const level of ['debug', 'info', 'warn', 'error'] as const) quiet[level]('Unexpected error: password=hunter2')
  expect(lines).toHaveLength(4)
  for (const line of lines) {
    expect(line).toContain('"event":"apollo_problem"')
    expect(line).not.toContain('hunter2')
  }
})
