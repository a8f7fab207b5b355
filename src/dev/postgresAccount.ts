import { spawnSync } from 'node:child_process'
import { realpathSync, statSync } from 'node:fs'
import { dirname } from 'node:path'

/** Whom PostgreSQL runs as, where that is not this process's own user. */
export interface Account {
  uid: number
  gid: number
}

/** Nothing of this process's environment reaches PostgreSQL: a PGPORT or LANG of the shell would change what it does. */
export const POSTGRES_ENV = { LC_ALL: 'C', TZ: 'UTC' }

/** Users that a Unix system has anyway: none is created for this. */
const UNPRIVILEGED = ['postgres', 'nobody']

/**
 * Whom a new database belongs to. Null means this process's own user. PostgreSQL refuses to run as root, so root hands
 * it to an unprivileged user. Throws when there is none.
 */
export function accountForNew(): Account | null {
  return process.getuid?.() === 0 ? unprivilegedAccount(UNPRIVILEGED) : null
}

/** The first of these users that this system has. Throws when it has none of them. */
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

/** Whom the files of an existing database belong to. Throws when this process may not run PostgreSQL as that user. */
export function accountOf(data: string): Account | null {
  const { uid, gid } = statSync(data)
  const own = process.getuid?.()
  if (own !== 0 && uid !== own) throw new Error(`${data} belongs to user ${uid}: start as that user, or remove it`)
  if (own !== 0) return null
  return uid === 0 ? takenFromRoot(data) : { uid, gid }
}

/** A copy of the folder that root made belongs to root, and PostgreSQL could not open it. */
function takenFromRoot(data: string): Account {
  const account = unprivilegedAccount(UNPRIVILEGED)
  spawnSync('chown', ['-R', `${account.uid}:${account.gid}`, data])
  return account
}

/** Whether every user may pass through the folder and all above it. A home folder with mode 700 stops them. */
export function everyoneReaches(folder: string): boolean {
  const path = realpathSync(folder)
  if ((statSync(path).mode & 0o001) === 0) return false
  return path === dirname(path) || everyoneReaches(dirname(path))
}

function idOf(flag: '-u' | '-g', name: string): number {
  const { status, stdout } = spawnSync('id', [flag, name], { encoding: 'utf8' })
  return status === 0 ? Number(stdout) : 0
}
