import { LOG } from '../../src/config/defaults'
import { createLogger } from '../../src/ops/logger'
import { createSampledLog } from '../../src/ops/sampledLog'

beforeEach(() => jest.useFakeTimers())
afterEach(() => jest.useRealTimers())

function opened() {
  const lines: Record<string, unknown>[] = []
  const destination = { write: (line: string) => void lines.push(JSON.parse(line) as Record<string, unknown>) }
  const logger = createLogger({ level: 'info', pretty: false, destination })
  const log = createSampledLog(logger)
  const request = logger.child({ requestId: 'r' })
  const write = (times: number, kind?: string) => {
    for (let made = 0; made < times; made += 1) log(request, { event: 'refused', ...(kind ? { kind } : {}) })
  }
  return { lines, log, request, write }
}

test('few events are logged one by one', () => {
  const { lines, write } = opened()
  write(LOG.sampledLines)
  jest.advanceTimersByTime(LOG.sampleWindow)
  expect(lines).toHaveLength(LOG.sampledLines)
  expect(lines[0]).toMatchObject({ level: 'info', event: 'refused', requestId: 'r' })
})

test('of a flood the first lines are logged, and when the window ends the number of the others', () => {
  const { lines, write } = opened()
  write(10_000)
  expect(lines).toHaveLength(LOG.sampledLines)
  jest.advanceTimersByTime(LOG.sampleWindow)
  expect(lines).toHaveLength(LOG.sampledLines + 1)
  expect(lines.at(-1)).toMatchObject({ event: 'refused', suppressed: 10_000 - LOG.sampledLines })
  expect(lines.at(-1)).not.toHaveProperty('requestId')
  write(1)
  expect(lines).toHaveLength(LOG.sampledLines + 2)
})

test('a flood of one kind hides no other kind', () => {
  const { lines, write } = opened()
  write(10_000, 'login:IP')
  write(1, 'register:IP')
  expect(lines.at(-1)).toMatchObject({ kind: 'register:IP' })
})

test('the number of omitted lines is logged when the server stops', () => {
  const { lines, log, write } = opened()
  write(LOG.sampledLines + 7, 'login:IP')
  log.flush()
  expect(lines.at(-1)).toMatchObject({ event: 'refused', kind: 'login:IP', suppressed: 7 })
  log.flush()
  expect(lines).toHaveLength(LOG.sampledLines + 1)
})

test('the line that counts the others has the level of the event', () => {
  const { lines, log, request } = opened()
  for (let made = 0; made <= LOG.sampledLines; made += 1) {
    log(request, { event: 'mail_failed', mail: 'reset' }, { level: 'warn', message: 'A mail was not taken' })
  }
  expect(lines[0]).toMatchObject({ level: 'warn', event: 'mail_failed', mail: 'reset', msg: 'A mail was not taken' })
  log.flush()
  expect(lines.at(-1)).toMatchObject({ level: 'warn', event: 'mail_failed', suppressed: 1 })
})
