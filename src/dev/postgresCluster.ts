import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { freePort } from '../lib/freePort'
import { type Account, POSTGRES_ENV, accountForNew, accountOf, everyoneReaches } from './postgresAccount'
import { type Binaries, runnableBinaries } from './postgresBinaries'

const run = promisify(execFile)

/** A PostgreSQL cluster on disk. Its folder holds data/ (readable by the database's user alone), password, port and log. */
export interface Cluster {
  folder: string
  data: string
  password: string
  /** The port of the last start, so that the address stays the same across starts. */
  port: number
  account: Account | null
  binaries: Binaries
}

export const SUPERUSER = 'gatehouse'
/** Folders for the cluster if only root may enter dataDir, since the database's user could not open it there. */
export const SHARED_PLACES = ['/var/lib', '/var/tmp'] as const

/**
 * The cluster of this dataDir; creates it if there is none. Throws if its files belong to another user or to another major
 * version of PostgreSQL, or if it cannot be created, with initdb's reason.
 */
export async function openCluster(givenDataDir: string): Promise<Cluster> {
  mkdirSync(givenDataDir, { recursive: true })
  const dataDir = realpathSync(givenDataDir)
  const folder = clusterFolder(dataDir)
  if (!existsSync(folder)) await createCluster(folder)
  return existingCluster(folder)
}

/**
 * The folder of this dataDir's cluster. It stays the same even if permissions of the parent folders change. Throws if the
 * database's user can reach no folder for a new one.
 */
export function clusterFolder(dataDir: string): string {
  const inside = join(dataDir, 'postgres')
  const idFile = join(dataDir, 'postgres-id')
  const isReachable = accountForNew() === null || everyoneReaches(dataDir)
  if (existsSync(inside) || (isReachable && !existsSync(idFile))) return inside
  const place = SHARED_PLACES.find((shared) => existsSync(shared) && everyoneReaches(shared))
  if (place !== undefined) return join(place, `gatehouse-postgres-${idIn(idFile)}-${statSync(dataDir).ino}`)
  throw new Error(`An unprivileged user must run PostgreSQL, and cannot reach ${dataDir}: open it, or set DATABASE_URL`)
}

/** Random, so that nobody can create a folder of that name in advance. The inode in the name distinguishes a copied dataDir. */
function idIn(file: string): string {
  try {
    writeFileSync(file, randomBytes(16).toString('hex'), { flag: 'wx', mode: 0o600 })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
  return readFileSync(file, 'utf8')
}

function existingCluster(folder: string): Cluster {
  const data = join(folder, 'data')
  const orStartAnew = `or remove ${folder} to start with an empty database`
  if (!existsSync(data)) throw new Error(`The database in ${data} is gone: bring it back, ${orStartAnew}`)
  const { uid, mode } = statSync(folder)
  // A user who may write there could replace the programs and the data.
  if (uid !== process.getuid?.())
    throw new Error(`${folder} belongs to user ${uid}: start as that user, ${orStartAnew}`)
  if ((mode & 0o022) !== 0) throw new Error(`Others may write to ${folder}: take that right from them, ${orStartAnew}`)
  const account = accountOf(data)
  if (account && !everyoneReaches(folder)) {
    throw new Error(
      `User ${account.uid}, who runs PostgreSQL, cannot reach ${folder}: open the folders above it, ${orStartAnew}`,
    )
  }
  const binaries = runnableBinaries(folder, account)
  const stored = readFileSync(join(data, 'PG_VERSION'), 'utf8').trim()
  if (stored !== binaries.version.split('.')[0]) {
    throw new Error(
      `${data} is of PostgreSQL ${stored}, not ${binaries.version}: dump it with the older release, ${orStartAnew}`,
    )
  }
  const password = readFileSync(join(folder, 'password'), 'utf8')
  return { folder, data, password, port: Number(readFileSync(join(folder, 'port'), 'utf8')), account, binaries }
}

/**
 * Creates the cluster under another name and renames it once it is complete, so that an interrupted start leaves no partial
 * one. If several processes do so at once, the first rename succeeds and the others use its cluster.
 */
async function createCluster(folder: string): Promise<void> {
  const draft = mkdtempSync(`${folder}-draft-`)
  try {
    await initialise(draft)
    renameSync(draft, folder)
    for (const name of readdirSync(dirname(folder))) {
      if (name.startsWith(`${basename(folder)}-draft-`)) remove(join(dirname(folder), name))
    }
  } catch (error) {
    // If the folder exists, another process was first and has removed this draft, or its cluster made the rename fail.
    if (!existsSync(folder)) throw creationError(folder, error)
  } finally {
    remove(draft)
  }
}

function remove(folder: string): void {
  rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 })
}

/** An error with the reason: a full disk is reported by the failed copy of a file, or in the output of initdb. */
function creationError(folder: string, error: unknown): Error {
  const { stderr, message, code } = error as Error & { stderr?: string; code?: unknown }
  if (code === undefined && stderr === undefined) return error as Error
  return new Error(`The embedded database could not be made in ${folder}: ${stderr?.trim() ?? message}`)
}

async function initialise(folder: string): Promise<void> {
  const account = accountForNew()
  chmodSync(folder, account ? 0o711 : 0o700)
  const binaries = runnableBinaries(folder, account)
  const data = join(folder, 'data')
  const passwordFile = join(folder, 'password')
  writeFileSync(passwordFile, randomBytes(24).toString('base64url'), { mode: 0o600 })
  storePort(folder, await freePort('127.0.0.1'))
  mkdirSync(data, { mode: 0o700 })
  if (account) for (const path of [passwordFile, data]) chownSync(path, account.uid, account.gid)
  const rights = ['-U', SUPERUSER, '--auth=scram-sha-256', `--pwfile=${passwordFile}`]
  const locale = ['--encoding=UTF8', '--locale=C', '--no-instructions']
  await run(join(binaries.native, 'bin/initdb'), ['-D', data, ...rights, ...locale], {
    ...account,
    env: POSTGRES_ENV,
    cwd: '/',
  })
  if (account) chownSync(passwordFile, process.getuid?.() ?? 0, process.getgid?.() ?? 0)
}

export function storePort(folder: string, port: number): void {
  writeFileSync(join(folder, 'port'), String(port), { mode: 0o600 })
}
