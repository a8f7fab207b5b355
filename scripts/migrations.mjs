// Migrations and schema.prisma must say the same. Needs a PostgreSQL that may create databases: DATABASE_URL, or else
// the embedded one (run `npm run build` first), in a folder of its own.
//
//   node scripts/migrations.mjs check        fails when they disagree, and lists the differences
//   node scripts/migrations.mjs new <name>   writes the next migration from the difference; add to it what Prisma cannot say
import { randomUUID } from 'node:crypto'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { PrismaPg } from '@prisma/adapter-pg'
import { ColumnTypeEnum, bindMigrationAwareSqlAdapterFactory } from '@prisma/driver-adapter-utils'
import * as glue from '@prisma/schema-engine-wasm/schema_engine_bg'
import pg from 'pg'

const require = createRequire(import.meta.url)
const root = resolve(import.meta.dirname, '..')
const migrations = join(root, 'prisma/migrations')
const filters = { externalTables: [], externalEnums: [] }
/** Type ids of PostgreSQL: "char", and one that the adapter knows and reads alike. */
const INTERNAL_CHAR = 18
const BLANK_PADDED_CHAR = 1042
/** Which columns of an answer were "char", by its rows. */
const characters = new WeakMap()
/** Where the engine leaves the text of its panics. */
globalThis.PRISMA_WASM_PANIC_REGISTRY = { set_message: (text) => console.error(text) }

async function check(engine) {
  const { exitCode, stdout } = await engine.diff({ ...fromMigrationsToSchema(), script: false, exitCode: true })
  if (exitCode === 0) return 0
  console.error(`prisma/schema.prisma and prisma/migrations disagree. The migrations lack:\n${stdout}`)
  console.error('Write the migration with: node scripts/migrations.mjs new <name>')
  return 1
}

async function writeNext(engine) {
  const { stdout } = await engine.diff({ ...fromMigrationsToSchema(), script: true, exitCode: null })
  const stamp = new Date().toISOString().replace(/\D/g, '').slice(0, 14)
  const folder = join(migrations, `${stamp}_${name}`)
  mkdirSync(folder)
  writeFileSync(join(folder, 'migration.sql'), stdout ?? '')
  console.log(`${folder}/migration.sql`)
  return 0
}

function fromMigrationsToSchema() {
  const schema = join(root, 'prisma/schema.prisma')
  const folders = readdirSync(migrations).filter((folder) => existsSync(join(migrations, folder, 'migration.sql')))
  const migrationDirectories = folders.sort().map((path) => {
    const value = readFileSync(join(migrations, path, 'migration.sql'), 'utf8')
    return { path, migrationFile: { path: 'migration.sql', content: { tag: 'ok', value } } }
  })
  const lockfile = {
    path: 'migration_lock.toml',
    content: readFileSync(join(migrations, 'migration_lock.toml'), 'utf8'),
  }
  const from = { tag: 'migrations', baseDir: migrations, lockfile, shadowDbInitScript: '', migrationDirectories }
  const to = { tag: 'schemaDatamodel', files: [{ path: schema, content: readFileSync(schema, 'utf8') }] }
  return { from, to, filters }
}

async function withEngine(work) {
  const database = await openDatabase()
  const adapter = new EngineAdapter(connectionOf(database.url))
  try {
    loadEngine()
    const bound = bindMigrationAwareSqlAdapterFactory(adapter)
    return await work(await glue.SchemaEngine.new({ datamodels: undefined }, () => undefined, bound))
  } finally {
    await adapter.end()
    await database.stop()
  }
}

async function openDatabase() {
  if (process.env.DATABASE_URL) return { url: process.env.DATABASE_URL, stop: () => undefined }
  const compiled = join(root, 'dist/dev/embeddedPostgres.js')
  if (!existsSync(compiled)) throw new Error('Set DATABASE_URL, or run `npm run build` for the embedded PostgreSQL')
  const { startEmbeddedPostgres } = require(compiled)
  const dataDir = mkdtempSync(join(tmpdir(), 'gatehouse-migrations-'))
  chmodSync(dataDir, 0o755) // for root: PostgreSQL runs as another user, and keeps the data in a folder of its own
  const server = await startEmbeddedPostgres({ dataDir, logger: { info: () => undefined } })
  const stop = async () => {
    await server.stop()
    rmSync(dataDir, { recursive: true })
  }
  return { url: server.url, stop }
}

/** The package's own entry imports the .wasm as a module, which Node cannot. */
function loadEngine() {
  const file = require.resolve('@prisma/schema-engine-wasm/schema_engine_bg').replace(/\.js$/, '.wasm')
  // The engine never clears the timer of its lock: it must not keep the process alive for ten seconds.
  const unrefTimers = ([name, import_]) =>
    name.startsWith('__wbg_setTimeout') ? [name, (...args) => unref(import_(...args))] : [name, import_]
  const imports = Object.fromEntries(Object.entries(glue).map(unrefTimers))
  const instance = new WebAssembly.Instance(new WebAssembly.Module(readFileSync(file)), {
    './schema_engine_bg.js': imports,
  })
  glue.__wbg_set_wasm(instance.exports)
  instance.exports.__wbindgen_start()
}

function unref(timer) {
  timer?.unref?.()
  return timer
}

/** In parts: beside a connectionString, pg ignores the database's name, and the shadow database would be the real one. */
function connectionOf(url) {
  const { host, port, user, password, database, ssl } = new pg.Client({ connectionString: url })
  return { host, port, user, password, database, ssl, max: 1, options: '-c TimeZone=UTC' }
}

/** Prisma's adapter as the schema engine needs it. */
class EngineAdapter extends PrismaPg {
  connection
  opened = []

  constructor(connection) {
    super(connection)
    this.connection = connection
  }

  connect() {
    return this.connectTo(this.connection.database)
  }

  /** The original drops the database while its own pool is connected, which PostgreSQL refuses. */
  async connectToShadowDb() {
    const database = `gatehouse_shadow_${randomUUID()}`
    const admin = this.open(this.connection.database)
    await admin.query(`CREATE DATABASE "${database}" TEMPLATE template0`)
    const adapter = await this.connectTo(database)
    adapter.dispose = async () => {
      await admin.query(`DROP DATABASE "${database}" WITH (FORCE)`)
    }
    return adapter
  }

  /** The engine leaves its connections open, and its advisory lock with them. */
  async end() {
    for (const pool of this.opened) await pool.end()
  }

  async connectTo(database) {
    const pool = this.open(database)
    const adapter = await new PrismaPg(pool).connect()
    // The original splits at every semicolon, those inside of function bodies too.
    adapter.executeScript = async (script) => void (await pool.query(script))
    const queryRaw = adapter.queryRaw.bind(adapter)
    adapter.queryRaw = async (query) => restoreCharacters(await queryRaw(query))
    return adapter
  }

  open(database) {
    const pool = new pg.Pool({ ...this.connection, database })
    pool.on('error', () => undefined) // dropping the shadow database ends its connections
    const query = pool.query.bind(pool)
    pool.query = async (...args) => hideCharacters(await query(...args))
    this.opened.push(pool)
    return pool
  }
}

/** The adapter refuses PostgreSQL's internal type "char", which the catalogue is full of; the engine wants it as a character. */
function hideCharacters(answer) {
  for (const { fields, rows } of [answer].flat()) {
    const hidden = [...fields.keys()].filter((column) => fields[column].dataTypeID === INTERNAL_CHAR)
    for (const column of hidden) fields[column].dataTypeID = BLANK_PADDED_CHAR
    characters.set(rows, hidden)
  }
  return answer
}

function restoreCharacters(answer) {
  for (const column of characters.get(answer.rows) ?? []) answer.columnTypes[column] = ColumnTypeEnum.Character
  return answer
}

const [command, name] = process.argv.slice(2)
if (command === 'check') process.exitCode = await withEngine(check)
else if (command === 'new' && /^[a-z0-9_]+$/.test(name ?? '')) process.exitCode = await withEngine(writeNext)
else {
  console.error('usage: node scripts/migrations.mjs check | new <name, in a-z, 0-9 and _>')
  process.exitCode = 2
}
