import { v7 as uuidv7 } from 'uuid'
import type { Deps } from './deps'
import { PASSWORD } from '../config/defaults'
import { outageCode } from '../errors/outage'
import { FirstLines } from '../lib/firstLines'
import type { StoredHash } from '../passwords/storedHash'
import { type Holder, type ImportedUser, deleteUnverified, findHolders, insertImported } from '../store/userImports'

/** A user as a line tells it; without an id where it is to be a new one. */
export type ReadUser = Omit<ImportedUser, 'id'> & { id: string | null }

/** A valid line of the file. */
export interface ImportLine {
  line: number
  user: ReadUser
  hash: StoredHash | null
}

/** `replaced`: imported in place of a registration that was never verified. Of the last two nothing was written. */
export type ImportResult = { line: number } & (
  { outcome: 'imported' | 'replaced' } | { outcome: 'skipped' | 'refused'; problems: string[] }
)

/** Of argon2 and scrypt, the prefixes of the hashes that accounts have: every login computes one of each. */
export type CostlyKinds = Record<'argon2' | 'scrypt', Set<string>>

interface ImportOptions {
  now: Date
  kinds: CostlyKinds
  dryRun: boolean
}

interface Writing {
  line: number
  outcome: 'imported' | 'replaced'
  user: ImportedUser
}

/** Registrations may take addresses between the look-up and the insert; this many times in a row is implausible. */
const MAX_TRIES = 5

/** SQLSTATE: a value that the column does not take, a constraint, an exception of a trigger. */
const REFUSAL = /^(?:22|23|P0)/
/** SQLSTATE: of two transactions that wait for each other, PostgreSQL rolls one back. */
const DEADLOCK = '40P01'

/** One import of a file, in batches of lines. Each batch is one transaction, with its audit rows. */
export class UserImport {
  private readonly emails = new FirstLines()
  private readonly ids = new FirstLines()

  constructor(
    private readonly deps: Pick<Deps, 'database'>,
    private readonly options: ImportOptions,
  ) {}

  /** The results of a batch, in the order of its lines. Throws if the database is unavailable. */
  async importBatch(batch: readonly ImportLine[]): Promise<ImportResult[]> {
    const results = new Map<number, ImportResult>()
    let open = batch
    for (let tries = 0; open.length > 0; tries += 1) {
      if (tries === MAX_TRIES) throw new Error('An import that registrations of the same addresses kept from writing')
      for (const result of await this.attempt(open)) results.set(result.line, result)
      open = open.filter(({ line }) => !results.has(line))
    }
    return batch.flatMap(({ line }) => results.get(line) ?? [])
  }

  /** The results of the lines that were decided. The others met a change that was made meanwhile. */
  private async attempt(lines: readonly ImportLine[]): Promise<ImportResult[]> {
    const users = lines.map(({ user }) => user)
    const holders = await findHolders(this.deps.database.prisma, users, this.options.now)
    const results: ImportResult[] = []
    const writings: Writing[] = []
    for (const [index, line] of lines.entries()) {
      const decided = this.decide(line, holders[index] ?? 'nobody')
      if ('user' in decided) writings.push(decided)
      else results.push(decided)
    }
    const written = this.options.dryRun ? writings.map(resultOf) : await this.write(writings)
    return [...results, ...written]
  }

  /** What is to be written for a line, or why nothing is. Of several lines with one address or id the first one counts. */
  private decide({ line, user, hash }: ImportLine, holder: Holder): Writing | ImportResult {
    const skipped = this.reasonToSkip(line, user, holder)
    if (skipped !== null) return { line, outcome: 'skipped', problems: [skipped] }
    const refused = holder === 'id-taken' ? 'id is that of another account' : this.admitKind(hash)
    if (refused !== null) return { line, outcome: 'refused', problems: [refused] }
    this.emails.add(user.email, line)
    if (user.id !== null) this.ids.add(user.id, line)
    const outcome = holder === 'unverified' ? 'replaced' : 'imported'
    return { line, outcome, user: { ...user, id: user.id ?? uuidv7() } }
  }

  private reasonToSkip(line: number, { email, id }: ReadUser, holder: Holder): string | null {
    const sameEmail = this.emails.find(email)
    if (sameEmail !== null && sameEmail !== line) return `line ${sameEmail} has the same address`
    const sameId = id === null ? null : this.ids.find(id)
    if (sameId !== null && sameId !== line) return `line ${sameId} has the same id`
    if (holder === 'verified') return 'a verified account has this address'
    if (holder === 'former') return 'a verified account had this address within seven days'
    return holder === 'imported-before' ? 'this address was imported before' : null
  }

  /** Every login computes a hash of each kind present: their number is limited. Null if this one may be added. */
  private admitKind(hash: StoredHash | null): string | null {
    if (hash?.algorithm !== 'argon2' && hash?.algorithm !== 'scrypt') return null
    const kinds = this.options.kinds[hash.algorithm]
    if (!kinds.has(hash.prefix) && kinds.size >= PASSWORD.maxKindsOfAlgorithm)
      return `passwordHash is ${hash.algorithm} with other parameters than the ${PASSWORD.maxKindsOfAlgorithm} kinds that accounts have already`
    kinds.add(hash.prefix)
    return null
  }

  /** Writes all of them, or halves them until what the database refuses is found, so that it costs no other line. */
  private async write(writings: readonly Writing[]): Promise<ImportResult[]> {
    const [first] = writings
    if (!first) return []
    try {
      const ids = await this.insert(writings)
      return writings.filter(({ user }) => ids.has(user.id)).map(resultOf)
    } catch (error) {
      const code = outageCode(error) ?? ''
      if (code === DEADLOCK) return []
      if (!REFUSAL.test(code)) throw error
      if (writings.length === 1)
        return [{ line: first.line, outcome: 'refused', problems: [`the database refuses it (${code})`] }]
    }
    const half = Math.ceil(writings.length / 2)
    return [...(await this.write(writings.slice(0, half))), ...(await this.write(writings.slice(half)))]
  }

  private insert(writings: readonly Writing[]): Promise<ReadonlySet<string>> {
    const replaced = writings.flatMap(({ outcome, user }) => (outcome === 'replaced' ? [user.email] : []))
    // In one order, so that two imports do not wait for each other.
    const users = writings.map(({ user }) => user).sort((one, other) => (one.email < other.email ? -1 : 1))
    return this.deps.database.transaction(async (tx) => {
      if (replaced.length > 0) await deleteUnverified(tx, replaced)
      return insertImported(tx, users, this.options.now)
    })
  }
}

function resultOf({ line, outcome }: Writing): ImportResult {
  return { line, outcome }
}
