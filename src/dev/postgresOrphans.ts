import { lstatSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { ownerOf } from './postgresPointer'
import { findPostmaster } from './postgresProcess'

interface Orphans {
  places: string[]
  prefix: string
  dataDir: string
  /** The one home that is in use. */
  keep: string
}

/**
 * Removes the databases that this dataDir once had: of a dataDir that was wiped while its database lay elsewhere or was
 * still running, and of a start that was interrupted while it made one.
 */
export function removeOrphans({ places, prefix, dataDir, keep }: Orphans): void {
  const homes = places.flatMap((place) => homesIn(place, prefix))
  for (const home of homes) {
    if (home === keep || ownerOf(home) !== dataDir) continue
    const postmaster = findPostmaster(join(home, 'data'))
    if (postmaster) process.kill(postmaster.pid, 'SIGQUIT')
    rmSync(home, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 })
  }
}

/** Only this process's own: a name in a shared place proves nothing. */
function homesIn(place: string, prefix: string): string[] {
  return namesIn(place)
    .filter((name) => name.startsWith(prefix))
    .map((name) => join(place, name))
    .filter((home) => {
      const { uid, mode } = lstatSync(home)
      return uid === process.getuid?.() && (mode & 0o022) === 0
    })
}

function namesIn(place: string): string[] {
  try {
    return readdirSync(place)
  } catch {
    return [] // not there, or not this user's to read: nothing of ours in it
  }
}
