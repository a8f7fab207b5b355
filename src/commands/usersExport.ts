import { closeSync, createWriteStream, openSync, renameSync, rmSync } from 'node:fs'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { EXIT } from './failure'
import { optionsOf } from './optionsOf'
import { withDatabase } from './withDatabase'
import { IMPORT } from '../config/defaults'
import { type Clock, systemClock } from '../lib/clock'
import type { Database } from '../store/database'
import { type ExportedUser, readAllUsers } from '../store/userExports'
import { NO_PASSWORD } from '../store/users'

/**
 * Writes every account as a line that `users import` takes: to a new file that only its owner may read, or to standard output.
 * Resolves to null if the options are wrong.
 */
export async function exportUsers(args: string[]): Promise<number | null> {
  const options = optionsOf(args, {})
  if (options === null) return null
  const { word: file } = options
  return withDatabase(async ({ database }) => {
    const lines = new ExportedLines(database, systemClock)
    if (file === undefined) await pipeline(Readable.from(lines.read()), process.stdout, { end: false })
    else await writeNew(file, lines.read())
    console.error(`${lines.count} exported, with their password hashes: keep the file as you keep the database`)
    return EXIT.ok
  })
}

/** The file is filled once all lines are there: one that a failure cut short would pass for all accounts. */
async function writeNew(file: string, lines: AsyncGenerator<string>): Promise<void> {
  const part = `${file}.part`
  reserve(part, 'There is a file of that name with .part: another export runs, or was cut short')
  try {
    reserve(file, 'There is a file of that name')
    await pipeline(Readable.from(lines), createWriteStream(part)).catch((error: unknown) => {
      rmSync(file)
      throw error
    })
    renameSync(part, file)
  } finally {
    rmSync(part, { force: true })
  }
}

/** Makes an empty file, so that nobody else takes the name meanwhile. */
function reserve(file: string, taken: string): void {
  try {
    closeSync(openSync(file, 'wx', 0o600))
  } catch (error) {
    throw (error as NodeJS.ErrnoException).code === 'EEXIST' ? new Error(taken) : error
  }
}

class ExportedLines {
  count = 0

  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
  ) {}

  /** Text of many lines at once; tells from time to time how far it is. */
  async *read(): AsyncGenerator<string> {
    let toldAt = this.clock.now().getTime()
    for await (const page of readAllUsers(this.database.pool, IMPORT.batch)) {
      yield page.map((user) => `${JSON.stringify(lineOf(user))}\n`).join('')
      this.count += page.length
      const now = this.clock.now().getTime()
      if (now - toldAt < IMPORT.progressInterval) continue
      toldAt = now
      console.error(`${this.count} exported`)
    }
  }
}

/** Without the keys whose value is what an import takes for a key that is missing. */
function lineOf({ passwordHash, displayName, disabledAt, disabledReason, ...rest }: ExportedUser): object {
  const { roles, claims, profile, ...user } = rest
  return {
    ...user,
    passwordHash: passwordHash === NO_PASSWORD ? null : passwordHash,
    ...(displayName !== null && { displayName }),
    ...(disabledAt && { disabledAt, ...(disabledReason !== null && { disabledReason }) }),
    ...(roles.length > 0 && { roles }),
    ...(Object.keys(claims).length > 0 && { claims }),
    ...(profile && Object.keys(profile).length > 0 && { profile }),
  }
}
