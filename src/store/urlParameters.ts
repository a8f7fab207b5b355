import { ConfigError } from '../config/config'
import type { UrlSource } from './databaseTls'

const IN_THE_URL = 'write what it holds into the URL'
const UNKNOWN_TO_PG = 'the driver cannot enforce it'

/** Parameters of libpq and of Prisma that would be needed to connect as they ask, and what to do instead. */
const REFUSED: Record<string, string> = {
  hostaddr: 'write the address as the host',
  service: IN_THE_URL,
  servicefile: IN_THE_URL,
  passfile: IN_THE_URL,
  sslcrl: 'revocation lists are not read',
  sslcrldir: 'revocation lists are not read',
  ssl_max_protocol_version: UNKNOWN_TO_PG,
  require_auth: UNKNOWN_TO_PG,
  requirepeer: UNKNOWN_TO_PG,
  sslaccept: 'sslmode=verify-full verifies the server, sslmode=require does not',
  sslidentity: 'write sslcert and sslkey, two PEM files',
}

/** Values that ask for something else than one primary without GSSAPI. */
const REFUSED_VALUES: Record<string, RegExp> = {
  target_session_attrs: /^(?:read-only|standby|prefer-standby)$/,
  gssencmode: /^require$/,
}

/**
 * Throws a ConfigError for a parameter that cannot be followed, so that no connection is weaker than its URL says. Others that
 * are not known, such as those of an ORM's pool, are left alone.
 */
export function refuseParameters(query: URLSearchParams, source: UrlSource): void {
  for (const [name, value] of query) {
    const instead = REFUSED[name]
    if (instead !== undefined) throw new ConfigError([`${source}: ${name} is not supported: ${instead}`])
    if (REFUSED_VALUES[name]?.test(value)) throw new ConfigError([`${source}: ${name}=${value} is not supported`])
  }
}
