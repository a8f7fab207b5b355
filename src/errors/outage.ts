/** No connection to the database could be opened; `cause` is the reason. */
export class DatabaseOutageError extends Error {
  constructor(cause: unknown) {
    super('No connection to the database', { cause })
  }
}

/** Errors that broke a connection in use. They are marked when they occur, since they have too many codes to list. */
const broken = new WeakSet<object>()

/** Marks the error of a connection that broke in use: it counts as an outage, whatever its code. */
export function markOutage(error: unknown): void {
  if (typeof error === 'object' && error !== null) broken.add(error)
}

/** Prisma's codes for a database that cannot be reached, or not in time. */
const PRISMA_CODES = new Set([
  'P1000',
  'P1001',
  'P1002',
  'P1003',
  'P1008',
  'P1010',
  'P1011',
  'P1017',
  'P2024',
  'P2028',
  'P2037',
])
/** The operating system's codes for a connection that failed. */
const SYSTEM_CODES = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOENT',
])
/**
 * SQLSTATE classes: connection exception, insufficient resources, operator intervention, system error; then a server that
 * rejects writes (25006: standby, failover) or connections (55000: maintenance), a transaction timeout (25P03, 25P04), and a
 * pooler that loses prepared statements.
 */
const SQL_STATES = /^(?:08|53|57|58)[0-9A-Z]{3}$|^25006$|^55000$|^25P0[34]$|^26000$|^42P05$/
/** Prisma's adapter replaces the driver's codes by these kinds. */
const ADAPTER_KINDS = new Set(['DatabaseNotReachable', 'ConnectionClosed', 'SocketTimeout', 'TlsConnectionError'])
const MESSAGES =
  /timeout exceeded when trying to connect|Connection terminated|Query read timeout|Client has encountered a connection error|Client was closed and is not queryable|Cannot use a pool after calling end|Can't reach database server|Unable to start a transaction in the given time|Transaction already closed/

/** Whether an error means that the database is unavailable, rather than that a statement is wrong. Looks through causes. */
export function isDatabaseOutage(error: unknown): boolean {
  return [...chainOf(error)].some(isOutage)
}

/**
 * The SQLSTATE, the system's code or the driver's that says why the database is unavailable; null where there is none. The
 * innermost code, which is the most exact one.
 */
export function outageCode(error: unknown): string | null {
  const codes = [...chainOf(error)].flatMap(({ originalCode, code }) => [code, originalCode])
  const known = codes.filter((code) => typeof code === 'string').filter((code) => /^[A-Z0-9_]{4,40}$/.test(code))
  return known.findLast((code) => !/^P\d{4}$/.test(code)) ?? known.at(-1) ?? null
}

/** A pooler in transaction mode ran the statement in another session than the one that prepared it. */
export function isLostStatement(error: unknown): boolean {
  return [...chainOf(error)].some(({ code, originalCode }) =>
    [code, originalCode].some((value) => value === '26000' || value === '42P05'),
  )
}

type Link = Record<string, unknown>

/** The error, its causes, the driver's error that an adapter keeps, and the members of an AggregateError. */
function* chainOf(error: unknown, depth = 0): Generator<Link> {
  if (typeof error !== 'object' || error === null || depth > 5) return
  const link = error as Link
  yield link
  if (error instanceof AggregateError) for (const inner of error.errors) yield* chainOf(inner, depth + 1)
  yield* chainOf(link.cause, depth + 1)
  if (typeof link.meta === 'object' && link.meta !== null) {
    yield* chainOf((link.meta as Link).driverAdapterError, depth + 1)
  }
}

function isOutage(link: Link): boolean {
  if (link instanceof DatabaseOutageError || broken.has(link)) return true
  const { code, originalCode, kind, message, severity } = link
  // The server ends a connection after an error of this severity.
  if (severity === 'FATAL' || severity === 'PANIC') return true
  if ([code, originalCode].some((value) => typeof value === 'string' && isOutageCode(value))) return true
  if (typeof kind === 'string' && ADAPTER_KINDS.has(kind)) return true
  return [kind, message].some((value) => typeof value === 'string' && MESSAGES.test(value))
}

function isOutageCode(code: string): boolean {
  return PRISMA_CODES.has(code) || SYSTEM_CODES.has(code) || SQL_STATES.test(code)
}
