import { rmSync } from 'node:fs'
import type { EmbeddedPostgres } from '../../src/dev/embeddedPostgres'

interface Kept {
  server: EmbeddedPostgres
  dataDir: string
}

/** jest loads the set-up and the tear-down apart, in one process: what one of them opens, the other finds here. */
const shared = globalThis as { gatehouseTestServer?: Kept }

export function keepServer(kept: Kept): void {
  shared.gatehouseTestServer = kept
}

export async function stopKeptServer(): Promise<void> {
  const kept = shared.gatehouseTestServer
  if (!kept) return
  await kept.server.stop()
  rmSync(kept.dataDir, { recursive: true, force: true })
}
