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
/** What the operating system says of a connection. */
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
 * SQLSTATE classes: connection exception, insufficient resources, operator intervention; then read-only (a failover), and
 * a database that is kept from taking connections (maintenance).
 */
const SQL_STATES = /^(?:08|53|57)[0-9A-Z]{3}$|^25006$|^55000$/
const MESSAGES =
  /timeout exceeded when trying to connect|Connection terminated|Query read timeout|Client has encountered a connection error|Cannot use a pool after calling end|Can't reach database server|ConnectionClosed|SocketTimeout|DatabaseNotReachable|Unable to start a transaction in the given time|Transaction already closed/

/** Whether an error means that the database is away, rather than that a statement is wrong. Looks through causes. */
export function isDatabaseOutage(error: unknown, depth = 0): boolean {
  if (typeof error !== 'object' || error === null || depth > 5) return false
  const { code, originalCode, kind, message, cause, meta } = error as Record<string, unknown>
  if ([code, originalCode].some((value) => typeof value === 'string' && isOutageCode(value))) return true
  if ([kind, message].some((value) => typeof value === 'string' && MESSAGES.test(value))) return true
  if (error instanceof AggregateError && error.errors.some((inner) => isDatabaseOutage(inner, depth + 1))) return true
  const adapterError =
    typeof meta === 'object' && meta !== null ? (meta as Record<string, unknown>).driverAdapterError : null
  return isDatabaseOutage(cause, depth + 1) || isDatabaseOutage(adapterError, depth + 1)
}

function isOutageCode(code: string): boolean {
  return PRISMA_CODES.has(code) || SYSTEM_CODES.has(code) || SQL_STATES.test(code)
}
