import { spawnSync } from 'node:child_process'
import { realpathSync, statSync } from 'node:fs'
import { dirname } from 'node:path'

/** The user that PostgreSQL runs as, if it is not this process's own. */
export interface Account {
  uid: number
  gid: number
}

/** PostgreSQL gets none of this process's environment: PGPORT or LANG would change its behaviour. */
export const POSTGRES_ENV = { LC_ALL: 'C', TZ: 'UTC' }

/** Users that most Unix systems already have. */
const UNPRIVILEGED = ['postgres', 'nobody']

/**
 * The owner of a new database; null is this process's own user. PostgreSQL refuses to run as root, so for root this is an
 * unprivileged user. Throws if there is none.
 */
export function accountForNew(): Account | null {
  return process.getuid?.() === 0 ? unprivilegedAccount(UNPRIVILEGED) : null
}

/** The first of these users that exists. Throws if none does. */
export function unprivilegedAccount(names: readonly string[]): Account {
  for (const name of names) {
    const [uid, gid] = [idOf('-u', name), idOf('-g', name)]
    if (uid && gid) return { uid, gid }
  }
  throw new Error(
    `PostgreSQL does not run as root, and this system has none of the users ${names.join(', ')}: ` +
      'start as another user, or set DATABASE_URL',
  )
}

/** The owner of an existing database. Throws if this process may not run PostgreSQL as that user. */
export function accountOf(data: string): Account | null {
  const { uid, gid } = statSync(data)
  const own = process.getuid?.()
  if (own !== 0 && uid !== own) throw new Error(`${data} belongs to user ${uid}: start as that user, or remove it`)
  if (own !== 0) return null
  return uid === 0 ? takenFromRoot(data) : { uid, gid }
}

/** Gives a folder that root has copied to an unprivileged user, since PostgreSQL could not open it otherwise. */
function takenFromRoot(data: string): Account {
  const account = unprivilegedAccount(UNPRIVILEGED)
  spawnSync('chown', ['-R', `${account.uid}:${account.gid}`, data])
  return account
}

/** Whether every user may enter the folder and all its parents; not in a home folder with mode 700. */
export function everyoneReaches(folder: string): boolean {
  const path = realpathSync(folder)
  if ((statSync(path).mode & 0o001) === 0) return false
  return path === dirname(path) || everyoneReaches(dirname(path))
}

function idOf(flag: '-u' | '-g', name: string): number {
  const { status, stdout } = spawnSync('id', [flag, name], { encoding: 'utf8' })
  return status === 0 ? Number(stdout) : 0
}
