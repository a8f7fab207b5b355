import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { type ConnectionOptions, createSecureContext } from 'node:tls'
import { ConfigError } from '../config/config'

/** The variables that hold database URLs, for messages. */
export type UrlSource = 'DATABASE_URL' | 'DIRECT_DATABASE_URL'

/** TLS of a database URL. `false`: a connection in plain text. */
export interface DatabaseTls {
  ssl: ConnectionOptions | false
  /** `direct`: the handshake comes first, which PostgreSQL 17 and later take. */
  sslnegotiation: 'postgres' | 'direct'
}

/** Certificates and keys of a URL, as texts. */
interface TlsFiles {
  ca?: string
  cert?: string
  key?: string
  passphrase?: string
}

/**
 * TLS as libpq's parameters mean it: `require` verifies the certificate only if sslrootcert is given, `verify-full` also the
 * host name, and `sslrootcert=system` stands with `verify-full` alone. Throws a ConfigError for what would connect with less
 * than was asked for.
 */
export function readTls(query: URLSearchParams, source: UrlSource): DatabaseTls {
  const mode = modeOf(query, source)
  const ssl = optionsOf(mode, readFiles(query, source), source)
  const sslnegotiation = query.get('sslnegotiation') === 'direct' ? 'direct' : 'postgres'
  if (sslnegotiation === 'direct' && !/^(?:require|verify-.*)$/.test(mode)) {
    throw new ConfigError([`${source}: sslnegotiation=direct needs sslmode=require, verify-ca or verify-full`])
  }
  if (query.get('channel_binding') === 'require' && mode !== 'verify-full') {
    // The driver binds the login where the server offers it, and cannot insist: a server in the middle would not offer it.
    throw new ConfigError([
      `${source}: channel_binding=require needs sslmode=verify-full, since the driver cannot enforce it`,
    ])
  }
  return { ssl: ssl && { ...ssl, ...minimumOf(query, source) }, sslnegotiation }
}

function modeOf(query: URLSearchParams, source: UrlSource): string {
  const given = query.get('sslmode') ?? modeOfSsl(query.get('ssl'), source)
  const authority = query.get('sslrootcert')
  if (authority === 'system') {
    if ((given ?? 'verify-full') === 'verify-full') return 'verify-full'
    throw new ConfigError([`${source}: sslrootcert=system needs sslmode=verify-full`])
  }
  if (given === null && (authority || query.get('sslcert') || query.get('sslkey'))) {
    throw new ConfigError([`${source}: a certificate without sslmode; sslmode=verify-full verifies the server`])
  }
  return given ?? 'disable'
}

/** `ssl` is the spelling of JDBC and of pg. */
function modeOfSsl(ssl: string | null, source: UrlSource): string | null {
  if (ssl === null) return null
  if (/^(?:true|1)$/.test(ssl)) return 'verify-full'
  if (/^(?:false|0)$/.test(ssl)) return 'disable'
  throw new ConfigError([`${source}: ssl is true or false; write sslmode instead`])
}

/** Said in words: where it is absent, NODE_TLS_REJECT_UNAUTHORIZED=0 turns the verification off. */
const VERIFIED = { rejectUnauthorized: true }
const ANY_NAME = { checkServerIdentity: () => undefined }

function optionsOf(mode: string, files: TlsFiles, source: UrlSource): ConnectionOptions | false {
  switch (mode) {
    case 'disable':
    case 'allow':
      return false
    case 'prefer':
    case 'no-verify':
      return { ...files, rejectUnauthorized: false }
    case 'require':
      return files.ca ? { ...files, ...VERIFIED, ...ANY_NAME } : { ...files, rejectUnauthorized: false }
    case 'verify-ca':
      if (!files.ca)
        throw new ConfigError([`${source}: sslmode=verify-ca needs sslrootcert, a PEM file of the authority`])
      return { ...files, ...VERIFIED, ...ANY_NAME }
    case 'verify-full':
      return { ...files, ...VERIFIED }
    default:
      throw new ConfigError([`${source}: sslmode is disable, allow, prefer, require, verify-ca or verify-full`])
  }
}

/** Node.js itself accepts TLS 1.2 and later. */
function minimumOf(query: URLSearchParams, source: UrlSource): ConnectionOptions {
  const version = query.get('ssl_min_protocol_version') ?? 'TLSv1.2'
  if (/^TLSv1(?:\.[12])?$/.test(version)) return {}
  if (version === 'TLSv1.3') return { minVersion: 'TLSv1.3' }
  throw new ConfigError([`${source}: ssl_min_protocol_version is TLSv1.2 or TLSv1.3`])
}

function readFiles(query: URLSearchParams, source: UrlSource): TlsFiles {
  const ca = readPem(query.get('sslrootcert'), 'sslrootcert', source)
  const cert = readPem(query.get('sslcert'), 'sslcert', source)
  const key = readPem(query.get('sslkey'), 'sslkey', source)
  if ((cert === null) !== (key === null)) {
    throw new ConfigError([
      `${source}: sslcert and sslkey, the certificate and key of this client, go together; the authority's certificate is sslrootcert`,
    ])
  }
  const passphrase = query.get('sslpassword')
  const files = { ...(ca && { ca }), ...(cert && { cert }), ...(key && { key }), ...(passphrase && { passphrase }) }
  try {
    if (ca) new X509Certificate(ca)
    if (ca ?? cert) createSecureContext(files) // without either it would only parse the system's authorities, for nothing
  } catch {
    throw new ConfigError([
      `${source}: sslrootcert, sslcert or sslkey is no PEM file that TLS can use, or sslpassword does not open the key`,
    ])
  }
  return files
}

function readPem(path: string | null, parameter: string, source: UrlSource): string | null {
  if (path === null || path === '' || (parameter === 'sslrootcert' && path === 'system')) return null
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    const { code } = error as { code?: string }
    throw new ConfigError([`${source}: the file of ${parameter} cannot be read (${code ?? 'unknown'})`])
  }
}
