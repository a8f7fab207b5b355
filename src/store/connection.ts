import type { Socket } from 'node:net'
import { Client, type ClientConfig } from 'pg'
import { ConfigError } from '../config/config'
import { DATABASE, type DatabaseTimeouts } from '../config/defaults'
import { type DatabaseTls, type UrlSource, readTls } from './databaseTls'
import { refuseParameters } from './urlParameters'

/** The server that a database URL names, and the settings of every session there. */
export interface ConnectionTarget {
  /** For pg. Has none of our settings as start-up parameters: PgBouncer rejects those that it does not know. */
  client: ClientConfig
  /** Set by one statement on every new connection, before anything else runs on it. */
  settings: Record<string, string>
  /** The schema that the URL names; null: the first one of the session's search_path. */
  schema: string | null
}

/**
 * The adapter strips offsets from timestamps and calls them UTC, pg reads ISO dates, and transactions are written for
 * READ COMMITTED: a role or a database may have other defaults.
 */
const SESSION_SETTINGS = {
  TimeZone: 'UTC',
  DateStyle: 'ISO, MDY',
  default_transaction_isolation: 'read committed',
}

/**
 * Reads a database URL as libpq does: `host`, `port`, `user`, `password`, `dbname`, `options`, `sslmode` and the
 * certificate files may be in the query. Throws a ConfigError that contains no value of the URL.
 */
export function readDatabaseUrl(
  url: string,
  source: UrlSource = 'DATABASE_URL',
  timeouts: DatabaseTimeouts = DATABASE,
): ConnectionTarget {
  const { query, ...parts } = parseUrl(url, source)
  refuseParameters(query, source)
  const { settings, rest } = readOptions(query.get('options') ?? '')
  const schema = query.get('schema') || null
  const searchPath = schema === null ? {} : { search_path: quoteIdentifier(schema) }
  const host = query.get('host') ?? (parts.host || 'localhost')
  return {
    client: {
      host,
      port: readPort(query.get('port') ?? (parts.port || '5432'), source),
      user: query.get('user') ?? (parts.user || undefined),
      // A function, so that pg reads no password file and no environment variable if the URL has no password.
      password: passwordOf(query.get('password') ?? parts.password),
      database: (query.get('dbname') ?? parts.database) || undefined,
      ...(host.startsWith('/') ? PLAIN : readTls(query, source)),
      options: rest || undefined,
      enableChannelBinding: /^(?:prefer|require)$/.test(query.get('channel_binding') ?? ''),
      application_name: query.get('application_name') ?? 'gatehouse',
      connectionTimeoutMillis: timeouts.connectTimeout,
      keepAlive: true,
      keepAliveInitialDelayMillis: DATABASE.keepAliveDelay,
    },
    settings: { ...settings, ...searchPath, ...SESSION_SETTINGS, statement_timeout: String(timeouts.statementTimeout) },
    schema,
  }
}

/** Opens a connection outside the pool and applies the settings. Closes it again if they are rejected. */
export async function openConnection(target: ConnectionTarget, overrides: ClientConfig = {}): Promise<Client> {
  const client = new Client({ ...target.client, ...overrides })
  client.on('error', () => undefined) // the caller notices by the query that fails, or by a listener of its own
  try {
    await client.connect()
    await applySettings(client, target.settings)
    return client
  } catch (error) {
    client.end().catch(() => undefined)
    throw error
  }
}

/** Anything that runs a statement: a client, or a pool's. */
interface Session {
  query(text: string, values: unknown[]): Promise<unknown>
}

/** One round trip. A statement, since poolers reject or drop start-up parameters. */
export async function applySettings(session: Session, settings: Record<string, string>): Promise<void> {
  await session.query('SELECT set_config(name, value, false) FROM unnest($1::text[], $2::text[]) AS s (name, value)', [
    Object.keys(settings),
    Object.values(settings),
  ])
}

export function quoteIdentifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}

/** pg-pool uses the same property: pg has no public method that destroys a connection. */
export function socketOf(client: unknown): Socket {
  return (client as { connection: { stream: Socket } }).connection.stream
}

/** As by libpq a unix socket is not encrypted, whatever sslmode says. */
const PLAIN: DatabaseTls = { ssl: false, sslnegotiation: 'postgres' }

interface UrlParts {
  user: string
  password: string
  host: string
  port: string
  database: string
  query: URLSearchParams
}

function parseUrl(url: string, source: UrlSource): UrlParts {
  try {
    // libpq accepts an empty host after user and password, with the socket's folder in the query; URL does not.
    const parsed = new URL(url.replace(/^(postgres(?:ql)?:\/\/[^/?#]*@)(?=[/?]|$)/i, '$1localhost'))
    return {
      user: decodeURIComponent(parsed.username),
      password: decodeURIComponent(parsed.password),
      host: decodeURIComponent(parsed.hostname).replace(/^\[(.*)\]$/, '$1'),
      port: parsed.port,
      database: decodeURIComponent(parsed.pathname.slice(1)),
      query: parsed.searchParams,
    }
  } catch {
    throw new ConfigError([`${source}: not a URL; write %25 for a % in the user, the password or the database's name`])
  }
}

function readPort(port: string, source: UrlSource): number {
  if (/^\d{1,5}$/.test(port) && Number(port) > 0 && Number(port) < 65_536) return Number(port)
  throw new ConfigError([`${source}: port is a number from 1 to 65535`])
}

function passwordOf(password: string): string | (() => string) {
  return password === '' ? () => '' : password
}

/** `-c name=value` and `--name=value` become settings; anything else, such as Neon's `endpoint=…`, goes to the server. */
function readOptions(options: string): { settings: Record<string, string>; rest: string } {
  // Blanks separate; a backslash takes the next character as it is.
  const words = options.match(/(?:\\.|[^\s\\])+/g) ?? []
  const settings: Record<string, string> = {}
  const rest: string[] = []
  for (const word of words
    .join(' ')
    .replace(/(^| )-c /g, '$1-c')
    .split(/(?<!\\) /)) {
    const [, name, value] = /^(?:-c|--)([a-z_][\w.-]*)=(.*)$/is.exec(word) ?? []
    if (name === undefined || value === undefined) rest.push(word)
    else settings[name.replaceAll('-', '_')] = value.replace(/\\(.)/g, '$1')
  }
  return { settings, rest: rest.join(' ') }
}
