import { createReadStream } from 'node:fs'
import { type HashPolicy, readImportLine } from './importLine'
import { withDatabase } from './withDatabase'
import { IMPORT } from '../config/defaults'
import { systemClock } from '../lib/clock'
import { byteLines } from '../lib/byteLines'
import { findHashKinds } from '../store/hashKinds'
import { type ImportOutcome, type ImportedUser, importUser, outcomeOfImport } from '../store/userImports'

const REASONS: Record<Exclude<ImportOutcome, 'imported' | 'replaced' | 'id-taken'>, string> = {
  verified: 'a verified account has this address',
  'imported-before': 'this address was imported before',
}

interface Counts {
  imported: number
  replaced: number
  skipped: number
  refused: number
}

/**
 * Imports users from JSON lines. A line that cannot be read is refused, an address that an account has proved or an import
 * has brought already is skipped: both are named by the number of the line. Resolves to 1 when a line was refused.
 */
export function importUsers({ file, dryRun }: { file: string | undefined; dryRun: boolean }): Promise<number> {
  return withDatabase(async ({ database, config }) => {
    const now = systemClock.now()
    const present = await findHashKinds(database.pool)
    const argon2Kinds = new Set(present.filter((kind) => kind.startsWith('$argon2id$')))
    const policy: HashPolicy = { bcryptCost: config.bcryptCost, argon2Kinds }
    const bring = (user: ImportedUser): Promise<ImportOutcome> =>
      dryRun ? outcomeOfImport(database.prisma, user) : importUser(database, user, now)

    const counts: Counts = { imported: 0, replaced: 0, skipped: 0, refused: 0 }
    const lines = new SeenLines()
    let number = 0
    const refuse = (problem: string): void => {
      counts.refused += 1
      console.error(`line ${number}: refused: ${problem}`)
    }
    const skip = (reason: string): void => {
      counts.skipped += 1
      console.error(`line ${number}: skipped: ${reason}`)
    }

    const input = file === undefined ? process.stdin : createReadStream(file)
    for await (const bytes of byteLines(input as AsyncIterable<Buffer>, IMPORT.maxLine)) {
      number += 1
      if (bytes === null) {
        refuse(`has more than ${IMPORT.maxLine} bytes`)
        continue
      }
      const read = readImportLine(bytes, { isFirst: number === 1, policy, now })
      if (read === null) continue
      if (read.problems) {
        refuse(read.problems.join('; '))
        continue
      }
      const earlier = lines.withSame(read.user)
      if (earlier !== null) {
        skip(`line ${earlier.line} has the same ${earlier.what}`)
        continue
      }
      const outcome = await bring(read.user)
      if (outcome === 'id-taken') {
        refuse('id is that of another account')
        continue
      }
      lines.add(read.user, number)
      if (outcome !== 'imported' && outcome !== 'replaced') {
        skip(REASONS[outcome])
        continue
      }
      counts.imported += 1
      if (outcome === 'replaced') counts.replaced += 1
      if (read.hash?.algorithm === 'argon2id') argon2Kinds.add(read.hash.prefix)
    }
    console.log(summary(counts, dryRun))
    return counts.refused === 0 ? 0 : 1
  })
}

/** The addresses and ids of the file so far. */
class SeenLines {
  private readonly emails = new Map<string, number>()
  private readonly ids = new Map<string, number>()

  withSame({ email, id }: ImportedUser): { line: number; what: string } | null {
    const line = this.emails.get(email)
    if (line !== undefined) return { line, what: 'address' }
    const lineOfId = id === null ? undefined : this.ids.get(id)
    return lineOfId === undefined ? null : { line: lineOfId, what: 'id' }
  }

  add({ email, id }: ImportedUser, line: number): void {
    this.emails.set(email, line)
    if (id !== null) this.ids.set(id, line)
  }
}

function summary({ imported, replaced, skipped, refused }: Counts, dryRun: boolean): string {
  const counts = `${imported} imported, ${skipped} already there, ${refused} refused`
  const inPlace =
    replaced === 0 ? '' : `\n${replaced} of the imported in place of a registration that was never verified`
  return (dryRun ? 'Dry run, nothing is written: ' : '') + counts + inPlace
}
