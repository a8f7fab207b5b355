import { isDatabaseOutage, outageCode } from '../errors/outage'

interface ReadinessParts {
  /** The problem of the database's configuration, in words; null if there is none. Throws if no statement can run. */
  database: () => Promise<string | null>
  /** The migrations that this release has and the database lacks. */
  pending: () => Promise<string[]>
  /** Why the signing keys are not loaded, in words; null when they are. */
  keys: () => string | null
  /** Whether the strength estimator has answered once and one hash was measured. */
  passwordsChecked: () => boolean
}

interface Readiness {
  /** Why the server is not ready, in words that are safe to show; null if it is. */
  check: () => Promise<string | null>
  /** Makes the server not ready, so that load balancers send it no new request. */
  stop: () => void
  isStopping: () => boolean
}

/** Checks everything that the server needs to serve requests. */
export function createReadiness({ database, pending, keys, passwordsChecked }: ReadinessParts): Readiness {
  let stopping = false
  /** Remembered: once no migration is pending, none becomes pending while the process runs. */
  let migrated = false

  return {
    check: async () => {
      if (stopping) return 'stopping'
      try {
        const problem = await database()
        if (problem !== null) return problem
        migrated ||= (await pending()).length === 0
      } catch (error) {
        return `${isDatabaseOutage(error) ? 'database unreachable' : 'database unusable'}: ${describeDatabaseError(error)}`
      }
      if (!migrated) return 'migrations pending'
      return keys() ?? (passwordsChecked() ? null : 'password checks starting')
    },
    stop: () => {
      stopping = true
    },
    isStopping: () => stopping,
  }
}

/** The usual causes, by SQLSTATE or the system's code. */
const CAUSES: [pattern: RegExp, words: string][] = [
  [/^28P01$/, 'wrong password'],
  [/^28/, 'the role is not let in'],
  [/^3D000$/, 'no such database'],
  [/^3F000$/, 'no such schema'],
  [/^42501$/, 'the role lacks a right'],
  [/^42P01$/, 'a table is missing'],
  [/^42704$|^22023$|^55P02$/, 'a session setting was refused'],
  [/^25006$/, 'read-only standby'],
  [/^53300$/, 'too many connections'],
  [/^53100$/, 'disk full'],
  [/^55000$/, 'takes no connections'],
  [/^57P03$/, 'starting up or shutting down'],
  [/^57/, 'stopped by its operator'],
  [/^08P01$/, 'refused by a pooler or a protocol error'],
  [/^ENOTFOUND$|^EAI_AGAIN$/, 'host name not found'],
  [/^ECONNREFUSED$/, 'connection refused'],
  [/^ENOENT$/, 'no such socket'],
  [/CERT|SIGNED|ISSUER|ALTNAME|^ERR_(?:TLS|SSL)|HOSTNAME/, 'certificate or TLS refused'],
]

/** The cause in words with its code, without the error's message, which may quote names and addresses. */
export function describeDatabaseError(error: unknown): string {
  const code = outageCode(error)
  if (code === null) return isPlainText(error) ? 'the server offers no TLS' : 'no answer'
  const words = CAUSES.find(([pattern]) => pattern.test(code))?.[1]
  return words === undefined ? code : `${words} (${code})`
}

/** By pg's message, since this error has no code. */
function isPlainText(error: unknown): boolean {
  const { message, cause } = error as { message?: unknown; cause?: unknown }
  return message === 'The server does not support SSL connections' || (cause !== undefined && isPlainText(cause))
}
