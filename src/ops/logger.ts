import { types } from 'node:util'
import { type DestinationStream, type Logger, pino } from 'pino'

export type { Logger }

/** The log of one request: its lines carry the request's id. */
export type RequestLog = Pick<Logger, 'debug' | 'info' | 'warn' | 'error'>

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

/** Bytes of lines buffered while the reader of standard output is blocked: beyond this, lines are dropped and requests go on. */
const MAX_BACKLOG = 16 * 1024 * 1024

interface LoggerOptions {
  level: string
  /** Readable lines for a person at a terminal; JSON lines otherwise. */
  pretty: boolean
  destination?: DestinationStream
}

/**
 * One JSON object per line, times in UTC (ISO 8601). JSON escapes control characters and the line separators, so that
 * nothing a client sends can forge a line or reach the terminal. An error is logged as `err`, without its message.
 */
export function createLogger({ level, pretty, destination }: LoggerOptions): Logger {
  const options = {
    level,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }), log: serializeErrors },
    serializers: { err: serializeError },
    hooks: {
      logMethod(this: Logger, line: unknown[], write: (...line: unknown[]) => void) {
        write.apply(this, withoutMessages(line))
      },
    },
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
    formatters: { log: serializeErrors },
    transport: { target: 'pino-pretty', options: { translateTime: 'HH:MM:ss' } },
  })
}

/** The logged form of an error. */
interface SerializedError {
  name: string
  code?: string | number
  frames?: string[]
  cause?: SerializedError
  errors?: SerializedError[]
}

/** Causes below this depth are omitted, which also ends circular causes. */
const MAX_DEPTH = 5
/** Maximum number of logged members of an AggregateError. */
const MAX_MEMBERS = 10

/**
 * Name, code and stack of an error, of its causes and of an AggregateError's members. Never a message: drivers and
 * libraries quote values in theirs, such as an address or a password.
 */
export function serializeError(error: unknown, depth = 0): SerializedError {
  const { code, originalCode, cause, originalError, meta, errors } = Object(error) as Record<string, unknown>
  const knownCode = [code, originalCode].find((value) => typeof value === 'number' || isLabel(value))
  const frames = stackFrames(error)
  // Prisma keeps the driver's error in `meta`, and GraphQL a resolver's in `originalError`.
  const inner = cause ?? originalError ?? (Object(meta) as { driverAdapterError?: unknown }).driverAdapterError
  const members = Array.isArray(errors) ? (errors as unknown[]).slice(0, MAX_MEMBERS) : []
  const goesOn = depth < MAX_DEPTH
  return {
    name: nameOf(error),
    ...(knownCode !== undefined && { code: knownCode }),
    ...(frames.length > 0 && { frames }),
    ...(goesOn && inner !== undefined && inner !== null && { cause: serializeError(inner, depth + 1) }),
    ...(goesOn && members.length > 0 && { errors: members.map((member) => serializeError(member, depth + 1)) }),
  }
}

function nameOf(error: unknown): string {
  const { name, kind } = Object(error) as { name?: unknown; kind?: unknown }
  return [name, kind].find(isLabel) ?? typeof error
}

/** Only names and codes: other text could be a value. */
function isLabel(text: unknown): text is string {
  return typeof text === 'string' && /^\w{1,64}$/.test(text)
}

/** The stack of an error without the message that it begins with. GraphQL's errors have the stack of the original one. */
function stackFrames(error: unknown): string[] {
  const { stack, message, originalError } = Object(error) as Record<string, unknown>
  if (typeof stack !== 'string') return []
  const ofOriginal = (Object(originalError) as { message?: unknown }).message
  const trace = [ofOriginal, message]
    .filter((text) => typeof text === 'string')
    .reduce((rest, text) => rest.replace(text, () => ''), stack)
  return trace.split('\n').filter((line) => /^ {4}at /.test(line))
}

function isError(value: unknown): value is Error {
  return value instanceof Error || types.isNativeError(value) // also those of another realm
}

/** Serializes errors under other keys than `err`: pino would write their own properties, and those of pg quote values. */
function serializeErrors(line: Record<string, unknown>): Record<string, unknown> {
  if (!Object.values(line).some(isError)) return line
  return Object.fromEntries(
    Object.entries(line).map(([key, value]) => [key, key !== 'err' && isError(value) ? serializeError(value) : value]),
  )
}

/** Prevents pino from using an error's message as the text of a line, or formatting it into one. */
function withoutMessages([first, ...rest]: unknown[]): unknown[] {
  const fields = isError(first) ? { err: first } : first
  const texts = rest.map((text) => (isError(text) ? nameOf(text) : text))
  const { err, event } = Object(fields) as { err?: unknown; event?: unknown }
  if (err === undefined || texts.length > 0) return [fields, ...texts]
  return [fields, event ?? nameOf(err)]
}
