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

/** The values that are followed, where others ask for what cannot be. */
const VALUES: Record<string, readonly string[]> = {
  channel_binding: ['disable', 'prefer', 'require'],
  gssencmode: ['disable', 'prefer'],
  sslcertmode: ['allow'],
  sslnegotiation: ['postgres', 'direct'],
  sslsni: ['1'],
  target_session_attrs: ['any', 'read-write', 'primary'],
}

/** What decides about TLS and is followed. `gsslib` and `sslcompression` have no effect in libpq either. */
const TLS = [
  ...[
    'sslmode',
    'ssl',
    'sslrootcert',
    'sslcert',
    'sslkey',
    'sslpassword',
    'sslnegotiation',
    'ssl_min_protocol_version',
  ],
  ...['sslcertmode', 'sslsni', 'sslcompression', 'gsslib'],
]

/** Names whose every other spelling is a mistake, since nothing else would say that it has no effect. */
const SPELLINGS = new Map(
  [...Object.keys(REFUSED), ...Object.keys(VALUES), 'schema', 'options'].map((name) => [plain(name), name]),
)

/**
 * Throws a ConfigError for a parameter that cannot be followed, so that no connection is weaker than its URL says. Others that
 * are not known, such as those of an ORM's pool, are left alone.
 */
export function refuseParameters(query: URLSearchParams, source: UrlSource): void {
  for (const [name, value] of query) {
    const problem = query.getAll(name).length > 1 ? 'a parameter stands twice' : problemOf(name, value)
    if (problem !== null) throw new ConfigError([`${source}: ${problem}`])
  }
  if (query.has('ssl') && query.has('sslmode')) throw new ConfigError([`${source}: ssl beside sslmode: keep sslmode`])
}

/** Holds no name that is unknown and no value: a password with an & in it could be one. */
function problemOf(name: string, value: string): string | null {
  const instead = REFUSED[name]
  if (instead !== undefined) return `${name} is not supported: ${instead}`
  const values = VALUES[name]
  if (values && !values.includes(value)) return `${name} is ${values.join(', ').replace(/, (?=[^,]*$)/, ' or ')}`
  if (/ssl|tls/i.test(name) && !TLS.includes(name))
    return 'TLS is asked for by sslmode and the other parameters of libpq; one with another name would have no effect'
  if (/[^\w.-]/.test(name))
    return "a parameter's name holds more than letters, digits and _; write & between parameters"
  const known = SPELLINGS.get(plain(name))
  return known === undefined || known === name ? null : `a parameter is spelled unlike ${known}`
}

function plain(name: string): string {
  return name.toLowerCase().replace(/[^a-z0-9]/g, '')
}
