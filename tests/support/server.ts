import { lstatSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { EmbeddedPostgres } from '../../src/dev/embeddedPostgres'
import { clusterFolder } from '../../src/dev/postgresCluster'
import { findPostmaster } from '../../src/dev/postgresProcess'

interface Kept {
  server: EmbeddedPostgres
  dataDir: string
}

/** jest loads the set-up and the tear-down apart, in one process: what one of them opens, the other finds here. */
const shared = globalThis as { gatehouseTestServer?: Kept }

/** The folder of a run names its process: that is how a later run knows which ones are over. */
const RUN_FOLDER = /^gatehouse-test-(\d+)-/

export function runFolderPrefix(): string {
  return join(tmpdir(), `gatehouse-test-${process.pid}-`)
}

export function keepServer(kept: Kept): void {
  shared.gatehouseTestServer = kept
}

export async function stopKeptServer(): Promise<void> {
  const kept = shared.gatehouseTestServer
  if (!kept) return
  await kept.server.stop()
  rmSync(kept.dataDir, { recursive: true, force: true })
}

/** A run that ends by Ctrl-C has no tear-down: its server lives on until the next run. */
export function removeAbandonedServers(): void {
  for (const name of readdirSync(tmpdir())) {
    const pid = Number(RUN_FOLDER.exec(name)?.[1])
    const folder = join(tmpdir(), name)
    if (!pid || isAlive(pid) || lstatSync(folder).uid !== process.getuid?.()) continue
    const postmaster = findPostmaster(join(clusterFolder(folder), 'data'))
    if (postmaster) process.kill(postmaster.pid, 'SIGQUIT')
    rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 })
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (problem) {
    return (problem as NodeJS.ErrnoException).code === 'EPERM'
  }
}
