import { readFileSync, unwatchFile, watchFile } from 'node:fs'
import type { Server as TlsServer } from 'node:https'
import type { Config } from '../config/config'
import type { Logger } from '../ops/logger'

/** Milliseconds between two checks of the certificate files for a change. */
const POLL_INTERVAL = 5_000

export function readCertificate({ certFile, keyFile }: NonNullable<Config['tls']>): { cert: Buffer; key: Buffer } {
  return { cert: readFileSync(certFile), key: readFileSync(keyFile) }
}

/** Uses a renewed certificate without a restart. While only one file of the pair is new, the old pair stays in use. */
export function reloadCertificate(
  server: Pick<TlsServer, 'setSecureContext'>,
  tls: NonNullable<Config['tls']>,
  logger: Logger,
): () => void {
  const reload = () => {
    try {
      server.setSecureContext(readCertificate(tls))
      logger.info({ event: 'certificate_reloaded' }, 'certificate_reloaded')
    } catch (error) {
      logger.error(
        { event: 'certificate_refused', reason: (error as NodeJS.ErrnoException).code ?? (error as Error).name },
        'The old certificate stays in use',
      )
    }
  }
  const files = [tls.certFile, tls.keyFile]
  for (const file of files) watchFile(file, { interval: POLL_INTERVAL, persistent: false }, reload)
  return () => {
    for (const file of files) unwatchFile(file, reload)
  }
}
