import { type DestinationStream, type Logger, pino } from 'pino'

export type { Logger }

/** Keys that never reach a log line, at any level and in any object that is logged, three levels deep. */
const SECRET_KEYS = [
  'password',
  'currentPassword',
  'newPassword',
  'passwordHash',
  'token',
  'accessToken',
  'refreshToken',
  'secret',
  'authorization',
  'cookie',
  'email',
  'newEmail',
  'recipient',
  'variables',
  'link',
  'url',
]

/** Bytes of lines that wait for a reader of standard output that has stalled: beyond them lines are lost, not requests. */
const MAX_BACKLOG = 16 * 1024 * 1024

interface LoggerOptions {
  level: string
  /** Readable lines for a person at a terminal; JSON lines otherwise. */
  pretty: boolean
  destination?: DestinationStream
}

/**
 * One JSON object per line, times in UTC (ISO 8601). JSON escapes control characters and the line separators, so that
 * nothing a client sends can forge a line or reach the terminal.
 */
export function createLogger({ level, pretty, destination }: LoggerOptions): Logger {
  const options = {
    level,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
    redact: {
      paths: SECRET_KEYS.flatMap((key) => [key, `*.${key}`, `*.*.${key}`]),
      censor: '[redacted]',
    },
    base: null,
  }
  if (destination) return pino(options, destination)
  if (!pretty) return pino(options, pino.destination({ sync: false, maxLength: MAX_BACKLOG }))
  return pino({
    ...options,
    formatters: {},
    transport: { target: 'pino-pretty', options: { translateTime: 'HH:MM:ss' } },
  })
}
