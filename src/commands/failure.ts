import { ConfigError } from '../config/config'
import { processEnvironment } from '../config/processEnvironment'
import { outageCode } from '../errors/outage'
import { serializeError } from '../ops/logger'
import { WrongSecretError } from '../services/signingKeys'

/** 78 is EX_CONFIG of sysexits.h. */
export const EXIT = { ok: 0, failed: 1, config: 78 } as const

const NO_TABLES =
  'the database has no tables yet: `gatehouse migrate` makes them, or a first start without NODE_ENV=production'

/** What a code of the system or of PostgreSQL means for the operator. */
const MEANING: Record<string, string> = {
  ENOENT: 'a file that the configuration names does not exist',
  EADDRINUSE: 'another process listens at HOST and PORT',
  EADDRNOTAVAIL: 'this machine does not have the address of HOST',
  EACCES: 'permission denied',
  ECONNREFUSED: 'nothing listens at the address of the database',
  ECONNRESET: 'the database ended the connection',
  EHOSTUNREACH: 'no route to the database',
  ETIMEDOUT: 'the database did not answer',
  ENOTFOUND: 'a host name does not resolve',
  EAI_AGAIN: 'the name server did not answer',
  P2021: NO_TABLES,
  '42P01': NO_TABLES,
  '28P01': 'the database refused the password',
  '28000': 'the database refused the user',
  '3D000': 'the database does not exist',
  '3F000': 'the schema does not exist',
  '42501': 'the database role lacks a right',
  '25006': 'the database is read-only',
  '53300': 'the database has no connection left',
  '57P03': 'the database is starting up or shutting down',
}

interface Failure {
  exit: number
  /** A cause that a program can compare: of this program, of the system, or PostgreSQL's SQLSTATE. */
  code: string
  reason: string
  problems?: readonly string[]
  err?: ReturnType<typeof serializeError>
}

/** Prints why a command failed, without any value of the configuration. Returns the exit code. */
export function reportFailure(error: unknown, command: string): number {
  const failure = failureOf(error)
  const { exit, ...fields } = failure
  const json = processEnvironment().NODE_ENV === 'production' && !process.stderr.isTTY
  const line = { event: 'command_failed', level: 'fatal', time: new Date().toISOString(), command, ...fields }
  console.error(json ? JSON.stringify(line) : readable(failure, command))
  return exit
}

function failureOf(error: unknown): Failure {
  if (error instanceof ConfigError) {
    const { problems } = error
    return { exit: EXIT.config, code: 'WRONG_CONFIGURATION', reason: 'The configuration cannot be served', problems }
  }
  if (error instanceof WrongSecretError) return { exit: EXIT.config, code: 'WRONG_SECRET', reason: error.message }
  const code = outageCode(error) ?? codeOf(error)
  const err = serializeError(error)
  if (code !== null) return { exit: EXIT.failed, code, reason: MEANING[code] ?? nameOf(error), err }
  // The text of a library's error may quote values: only our own, which are plain errors, are shown.
  const own = error instanceof Error && error.name === 'Error'
  const reason = own ? error.message.replace(/\b[a-z][a-z0-9+.-]*:\/\/\S+/gi, '<url>') : nameOf(error)
  return { exit: EXIT.failed, code: 'FAILED', reason, err }
}

/** The code of the error, or the first code among its members. */
function codeOf(error: unknown): string | null {
  if (typeof error !== 'object' || error === null) return null
  const { code, errors } = error as { code?: unknown; errors?: unknown }
  if (typeof code === 'string') return code
  for (const inner of Array.isArray(errors) ? (errors as unknown[]) : []) {
    const found = codeOf(inner)
    if (found !== null) return found
  }
  return null
}

function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : 'an unknown failure'
}

function readable({ code, reason, problems }: Failure, command: string): string {
  if (problems) return [`${reason}:`, ...problems.map((problem) => `  ${problem}`)].join('\n')
  if (code === 'FAILED' || code === 'WRONG_SECRET') return `gatehouse ${command}: ${reason}`
  return `gatehouse ${command}: ${reason} (${code})`
}
