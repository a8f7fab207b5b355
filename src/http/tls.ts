import { readFileSync, unwatchFile, watchFile } from 'node:fs'
import type { Server as TlsServer } from 'node:https'
import { createSecureContext } from 'node:tls'
import { type Config, ConfigError } from '../config/config'
import type { Logger } from '../ops/logger'

/** Milliseconds between two checks of the certificate files for a change. */
const POLL_INTERVAL = 5_000

type TlsFiles = NonNullable<Config['tls']>

function readCertificate({ certFile, keyFile }: TlsFiles): { cert: Buffer; key: Buffer } {
  return { cert: readFileSync(certFile), key: readFileSync(keyFile) }
}

/** For start-up. Throws a ConfigError that names the variable whose file cannot be used. */
export function loadCertificate(tls: TlsFiles): { cert: Buffer; key: Buffer } {
  const files = [['TLS_CERT_FILE', tls.certFile] as const, ['TLS_KEY_FILE', tls.keyFile] as const]
  const problems = files.flatMap(([variable, file]) => problemOf(variable, () => readFileSync(file), 'cannot be read'))
  if (problems.length > 0) throw new ConfigError(problems)
  const certificate = readCertificate(tls)
  const mismatch = problemOf(
    'TLS_CERT_FILE',
    () => createSecureContext(certificate),
    'and TLS_KEY_FILE are no PEM pair',
  )
  if (mismatch.length > 0) throw new ConfigError(mismatch)
  return certificate
}

function problemOf(variable: string, attempt: () => unknown, problem: string): string[] {
  try {
    attempt()
    return []
  } catch (error) {
    return [`${variable}: the file ${problem} (${(error as NodeJS.ErrnoException).code ?? 'unknown'})`]
  }
}

/** Uses a renewed certificate without a restart. While only one file of the pair is new, the old pair stays in use. */
export function reloadCertificate(
  server: Pick<TlsServer, 'setSecureContext'>,
  tls: TlsFiles,
  logger: Logger,
): () => void {
  const reload = () => {
    try {
      server.setSecureContext(readCertificate(tls))
      logger.info({ event: 'certificate_reloaded' }, 'certificate_reloaded')
    } catch (error) {
      logger.error({ event: 'certificate_refused', err: error }, 'The old certificate stays in use')
    }
  }
  const files = [tls.certFile, tls.keyFile]
  for (const file of files) watchFile(file, { interval: POLL_INTERVAL, persistent: false }, reload)
  return () => {
    for (const file of files) unwatchFile(file, reload)
  }
}
