import { createReadStream } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { type HashPolicy, readImportLine } from './importLine'
import { optionsOf } from './optionsOf'
import { withDatabase } from './withDatabase'
import { IMPORT } from '../config/defaults'
import { byteLines } from '../lib/byteLines'
import { systemClock } from '../lib/clock'
import { type FirebaseProject, readFirebaseProject } from '../passwords/otherSystems'
import { decoyOf } from '../passwords/readStoredHash'
import type { Database } from '../store/database'
import { findHashKinds } from '../store/hashKinds'
import { type ImportOutcome, type ImportedUser, importUser, outcomeOfImport } from '../store/userImports'

/** The outcome of a line; `reason` if nothing was written. */
interface Result {
  outcome: 'imported' | 'replaced' | 'skipped' | 'refused'
  reason?: string
}

/**
 * Imports users from JSON lines. Refuses an invalid line, and skips an address that is already verified or imported; prints
 * the line number of both. Resolves to 1 if a line was refused; to null if an option is unknown.
 */
export async function importUsers(args: string[]): Promise<number | null> {
  const options = optionsOf(args, { 'dry-run': { type: 'boolean' }, firebase: { type: 'string' } })
  if (options === null) return null
  const { word: file } = options
  const dryRun = options.values['dry-run'] === true
  const project = options.values.firebase === undefined ? null : await readProject(options.values.firebase)
  return withDatabase(
    async ({ database, config }) => {
      const kinds = kindsByAlgorithm(await findHashKinds(database.pool))
      const importer = new Importer(database, { bcryptCost: config.bcryptCost, kinds, firebase: project }, dryRun)
      const counts = { imported: 0, replaced: 0, skipped: 0, refused: 0 }
      const input: AsyncIterable<Buffer> = file === undefined ? process.stdin : createReadStream(file)
      let number = 0
      for await (const bytes of byteLines(input, IMPORT.maxLine)) {
        number += 1
        const result = await importer.importLine(bytes, number)
        if (result === null) continue
        counts[result.outcome] += 1
        if (result.reason !== undefined) console.error(`line ${number}: ${result.outcome}: ${result.reason}`)
      }
      console.log(summary(counts, dryRun))
      return counts.refused === 0 ? 0 : 1
    },
    ['BCRYPT_COST'],
  )
}

async function readProject(file: string): Promise<FirebaseProject> {
  const project = readFirebaseProject(await readFile(file, 'utf8'))
  if (project === null) {
    throw new Error('The file of --firebase lacks base64_signer_key, base64_salt_separator, rounds or mem_cost')
  }
  return project
}

function kindsByAlgorithm(prefixes: readonly string[]): HashPolicy['kinds'] {
  const kinds: HashPolicy['kinds'] = { argon2: new Set(), scrypt: new Set() }
  for (const prefix of prefixes) {
    const kind = decoyOf(prefix)
    if (kind?.algorithm === 'argon2' || kind?.algorithm === 'scrypt') kinds[kind.algorithm].add(kind.prefix)
  }
  return kinds
}

class Importer {
  private readonly now = systemClock.now()
  private readonly seen = new SeenLines()

  constructor(
    private readonly database: Database,
    private readonly policy: HashPolicy,
    private readonly dryRun: boolean,
  ) {}

  /** Null for an empty line. */
  async importLine(bytes: Buffer | null, number: number): Promise<Result | null> {
    if (bytes === null) return { outcome: 'refused', reason: `has more than ${IMPORT.maxLine} bytes` }
    const read = readImportLine(bytes, { isFirst: number === 1, policy: this.policy, now: this.now })
    if (read === null) return null
    if (read.problems) return { outcome: 'refused', reason: read.problems.join('; ') }
    const { user, hash } = read

    const earlier = this.seen.find(user)
    if (earlier) return { outcome: 'skipped', reason: `line ${earlier.line} has the same ${earlier.what}` }
    const outcome = await this.write(user)
    if (outcome === 'id-taken') return { outcome: 'refused', reason: 'id is that of another account' }
    this.seen.add(user, number)
    if (outcome === 'verified') return { outcome: 'skipped', reason: 'a verified account has this address' }
    if (outcome === 'imported-before') return { outcome: 'skipped', reason: 'this address was imported before' }
    if (hash?.algorithm === 'argon2' || hash?.algorithm === 'scrypt') this.policy.kinds[hash.algorithm].add(hash.prefix)
    return { outcome }
  }

  private write(user: ImportedUser): Promise<ImportOutcome> {
    const { database, dryRun, now } = this
    return dryRun ? outcomeOfImport(database.prisma, user) : importUser(database, user, now)
  }
}

/** The addresses and ids of the file so far. */
class SeenLines {
  private readonly emails = new Map<string, number>()
  private readonly ids = new Map<string, number>()

  find({ email, id }: ImportedUser): { line: number; what: string } | null {
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

function summary({ imported, replaced, skipped, refused }: Record<Result['outcome'], number>, dryRun: boolean): string {
  const counts = `${imported + replaced} imported, ${skipped} already there, ${refused} refused`
  const inPlace =
    replaced === 0 ? '' : `\n${replaced} of the imported in place of a registration that was never verified`
  return (dryRun ? 'Dry run, nothing is written: ' : '') + counts + inPlace
}
