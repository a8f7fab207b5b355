import { type ReadStream, createReadStream } from 'node:fs'
import { readFile, stat } from 'node:fs/promises'
import { type LineRules, readImportLine } from './importLine'
import { ImportReport } from './importReport'
import { optionsOf } from './optionsOf'
import { withDatabase } from './withDatabase'
import { IMPORT } from '../config/defaults'
import { readJsonSchemas } from '../config/jsonSchemas'
import { byteLines } from '../lib/byteLines'
import { systemClock } from '../lib/clock'
import { type FirebaseProject, readFirebaseProject } from '../passwords/otherSystems'
import { decoyOf } from '../passwords/readStoredHash'
import { type CostlyKinds, type ImportLine, type ImportResult, UserImport } from '../services/importUsers'
import { findHashKinds } from '../store/hashKinds'

const OPTIONS = { 'dry-run': { type: 'boolean' }, firebase: { type: 'string' }, json: { type: 'boolean' } } as const

/**
 * Imports users from JSON lines. Refuses an invalid line, and skips an address that is already verified or imported; tells the
 * line number of both. Resolves to 1 if a line was refused; to null if an option is unknown.
 */
export async function importUsers(args: string[]): Promise<number | null> {
  const options = optionsOf(args, OPTIONS)
  if (options === null) return null
  const { word: file, values } = options
  const dryRun = values['dry-run'] === true
  const firebase = values.firebase === undefined ? null : await readProject(values.firebase)
  return withDatabase(
    async ({ database, config }) => {
      const kinds = kindsByAlgorithm(await findHashKinds(database.pool))
      const now = systemClock.now()
      const schemas = await readJsonSchemas(config)
      const reader = new FileReader({ bcryptCost: config.bcryptCost, firebase, schemas }, now)
      const users = new UserImport({ database }, { now, kinds, dryRun })
      const report = new ImportReport({ json: values.json === true, dryRun, clock: systemClock })
      await importAll({ input: await openInput(file), reader, users, report })
      report.summary()
      return report.hasRefused ? 1 : 0
    },
    ['BCRYPT_COST', 'CLAIMS_SCHEMA_FILE', 'PROFILE_SCHEMA_FILE'],
  )
}

interface Import {
  input: Input
  reader: FileReader
  users: UserImport
  report: ImportReport
}

/** Reads a batch while the database writes the one before. */
async function importAll({ input, reader, users, report }: Import): Promise<void> {
  let told = 0
  const finish = async (batch: Batch): Promise<void> => {
    const results = [...batch.refused, ...(await users.importBatch(batch.lines))]
    for (const result of results.sort((one, other) => one.line - other.line)) report.add(result)
    told = batch.last
    report.progress(told, input.share())
  }
  let writing = Promise.resolve()
  try {
    for await (const batch of reader.batches(input.bytes)) {
      await writing
      writing = finish(batch)
      writing.catch(() => undefined) // awaited after the next batch was read
    }
    await writing
  } catch (error) {
    report.interrupted(told)
    throw error
  }
}

interface Input {
  bytes: AsyncIterable<Buffer>
  /** How much of it is read, from 0 to 1; null if its size is unknown. */
  share: () => number | null
}

async function openInput(file: string | undefined): Promise<Input> {
  if (file === undefined) return { bytes: process.stdin, share: () => null }
  const { size } = await stat(file).catch((error: unknown) => {
    throw (error as NodeJS.ErrnoException).code === 'ENOENT' ? new Error('There is no file of that name') : error
  })
  const stream: ReadStream = createReadStream(file)
  return { bytes: stream, share: () => (size === 0 ? null : Math.min(1, stream.bytesRead / size)) }
}

interface Batch {
  lines: ImportLine[]
  refused: ImportResult[]
  /** The number of its last line. */
  last: number
}

class FileReader {
  constructor(
    private readonly rules: LineRules,
    private readonly now: Date,
  ) {}

  async *batches(bytes: AsyncIterable<Buffer>): AsyncGenerator<Batch> {
    let batch: Batch = { lines: [], refused: [], last: 0 }
    for await (const line of byteLines(bytes, IMPORT.maxLine)) {
      batch.last += 1
      this.read(line, batch)
      if (batch.lines.length + batch.refused.length < IMPORT.batch) continue
      yield batch
      batch = { lines: [], refused: [], last: batch.last }
    }
    yield batch
  }

  private read(bytes: Buffer | null, { lines, refused, last: line }: Batch): void {
    const read =
      bytes === null
        ? { problems: [`has more than ${IMPORT.maxLine} bytes`] }
        : readImportLine(bytes, { isFirst: line === 1, rules: this.rules, now: this.now })
    if (read === null) return
    if (read.problems) refused.push({ line, outcome: 'refused', problems: read.problems })
    else lines.push({ line, ...read })
  }
}

async function readProject(file: string): Promise<FirebaseProject> {
  const project = readFirebaseProject(await readFile(file, 'utf8'))
  if (project === null) {
    throw new Error('The file of --firebase lacks base64_signer_key, base64_salt_separator, rounds or mem_cost')
  }
  return project
}

function kindsByAlgorithm(prefixes: readonly string[]): CostlyKinds {
  const kinds: CostlyKinds = { argon2: new Set(), scrypt: new Set() }
  for (const prefix of prefixes) {
    const kind = decoyOf(prefix)
    if (kind?.algorithm === 'argon2' || kind?.algorithm === 'scrypt') kinds[kind.algorithm].add(kind.prefix)
  }
  return kinds
}
