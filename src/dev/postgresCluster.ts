import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { type Account, POSTGRES_ENV, accountForNew, accountOf, everyoneReaches } from './postgresAccount'
import { type Binaries, runnableBinaries } from './postgresBinaries'
import { removeOrphans } from './postgresOrphans'
import { type Pointer, claimHome, pointerFile, publishPointer, readPointer } from './postgresPointer'

const run = promisify(execFile)

/** A database on disk. Its `home` holds data/ (its user's alone), the log, and at times a copy of the programs. */
export interface Cluster extends Pointer {
  dataDir: string
  data: string
  account: Account | null
  binaries: Binaries
}

export const SUPERUSER = 'gatehouse'
const HOME_PREFIX = 'gatehouse-postgres-'
/** Where a home goes that in dataDir nobody but root could reach. What grows old in /var/tmp some systems delete. */
export const SHARED_PLACES = ['/var/lib', '/var/tmp']

/**
 * The database of this dataDir; a new one when there is none. Throws when its files are gone, belong to another user or
 * to another major version of PostgreSQL, and when a new one cannot be made, with the reason that initdb gives.
 */
export async function openCluster(givenDataDir: string): Promise<Cluster> {
  mkdirSync(givenDataDir, { recursive: true })
  const dataDir = realpathSync(givenDataDir)
  const pointer = readPointer(dataDir)
  return pointer ? existingCluster(dataDir, pointer) : createCluster(dataDir)
}

function existingCluster(dataDir: string, pointer: Pointer): Cluster {
  const { home } = pointer
  const data = join(home, 'data')
  const orStartAnew = `or remove ${pointerFile(dataDir)} to start with an empty database`
  if (!existsSync(data)) throw new Error(`The database in ${data} is gone: bring it back, ${orStartAnew}`)
  const { uid, mode } = statSync(home)
  // Whoever may write there could exchange the programs and the data.
  if (uid !== process.getuid?.()) throw new Error(`${home} belongs to user ${uid}: start as that user, ${orStartAnew}`)
  if ((mode & 0o022) !== 0) throw new Error(`Others may write to ${home}: take that right from them, ${orStartAnew}`)

  const account = accountOf(data)
  if (account && !everyoneReaches(home)) {
    throw new Error(
      `User ${account.uid}, who runs PostgreSQL, cannot reach ${home}: open the folders above it, ${orStartAnew}`,
    )
  }
  const binaries = runnableBinaries(home, account)
  const stored = readFileSync(join(data, 'PG_VERSION'), 'utf8').trim()
  if (stored !== binaries.version.split('.')[0]) {
    throw new Error(
      `${data} is of PostgreSQL ${stored}, not ${binaries.version}: dump it with the older release, ${orStartAnew}`,
    )
  }
  claimHome(home, dataDir) // dataDir may have been moved
  return { ...pointer, dataDir, data, account, binaries }
}

async function createCluster(dataDir: string): Promise<Cluster> {
  const account = accountForNew()
  const home = makeHome(dataDir, account)
  const pointer = { home, password: randomBytes(24).toString('base64url'), port: 0 }
  try {
    const cluster = {
      ...pointer,
      dataDir,
      data: join(home, 'data'),
      account,
      binaries: runnableBinaries(home, account),
    }
    await initialise(cluster)
    if (publishPointer(dataDir, pointer)) {
      removeOrphans({ places: [dataDir, ...SHARED_PLACES], prefix: HOME_PREFIX, dataDir, keep: home })
      return cluster
    }
  } catch (problem) {
    // The winner of two that start at the same moment removes the other's half-made database as an orphan.
    if (!readPointer(dataDir)) throw unmade(home, problem)
  } finally {
    if (readPointer(dataDir)?.home !== home) rmSync(home, { recursive: true, force: true })
  }
  return openCluster(dataDir)
}

/** What a person can act on: a full disk shows as a file that cannot be copied, or in what initdb said. */
function unmade(folder: string, problem: unknown): Error {
  const { stderr, message, code } = problem as Error & { stderr?: string; code?: unknown }
  if (code === undefined && stderr === undefined) return problem as Error
  return new Error(`The embedded database could not be made in ${folder}: ${stderr?.trim() ?? message}`)
}

/** A folder with a random name, owned by this process's user: nobody can have put one there before. */
function makeHome(dataDir: string, account: Account | null): string {
  const places = account ? [dataDir, ...SHARED_PLACES].filter(isReachable) : [dataDir]
  const [place] = places
  if (place === undefined)
    throw new Error(
      `An unprivileged user must run PostgreSQL, and cannot reach ${dataDir}: open it, or set DATABASE_URL`,
    )
  const home = mkdtempSync(join(place, HOME_PREFIX))
  chmodSync(home, account ? 0o711 : 0o700)
  claimHome(home, dataDir)
  return home
}

function isReachable(folder: string): boolean {
  return existsSync(folder) && everyoneReaches(folder)
}

async function initialise({ home, data, password, account, binaries }: Cluster): Promise<void> {
  const passwordFile = join(home, 'password')
  writeFileSync(passwordFile, password, { mode: 0o600 })
  mkdirSync(data, { mode: 0o700 })
  if (account) for (const path of [passwordFile, data]) chownSync(path, account.uid, account.gid)
  const rights = ['-U', SUPERUSER, '--auth=scram-sha-256', `--pwfile=${passwordFile}`]
  const locale = ['--encoding=UTF8', '--locale=C', '--no-instructions']
  try {
    const options = { ...account, env: POSTGRES_ENV, cwd: '/' }
    await run(join(binaries.native, 'bin/initdb'), ['-D', data, ...rights, ...locale], options)
  } catch (problem) {
    throw unmade(data, problem)
  } finally {
    rmSync(passwordFile, { force: true })
  }
}
