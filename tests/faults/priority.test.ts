import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { clusterFolder } from '../../src/dev/postgresCluster'
import { findPostmaster } from '../../src/dev/postgresProcess'
import { startServer, temporaryFolder } from '../support/process'

const HASHES = 3
/** For DNS look-ups and files: the pool has as many threads beside those that hash. */
const SPARE = 4

const folder = temporaryFolder()
afterAll(() => folder.remove())

/** The niceness of each thread of a process: the 19th field of its stat, of which the second is a name that may hold blanks. */
function niceness(pid: number): Map<number, number> {
  const threads = readdirSync(`/proc/${pid}/task`).map(Number)
  const afterName = (thread: number) =>
    readFileSync(`/proc/${pid}/task/${thread}/stat`, 'utf8').split(') ').at(-1) ?? ''
  return new Map(threads.map((thread) => [thread, Number(afterName(thread).split(' ')[16])]))
}

test('the threads that hash have a lower priority than the main thread and the database', async () => {
  const { process: server } = await startServer({ DATA_DIR: folder.path, HASH_CONCURRENCY: String(HASHES) })
  const own = niceness(process.pid).get(process.pid) ?? Number.NaN
  const pid = server.child.pid ?? 0
  const threads = niceness(pid)
  expect(threads.get(pid)).toBe(own)
  const yielding = [...threads.values()].filter((value) => value > own)
  expect(yielding).toEqual(Array.from({ length: HASHES + SPARE }, () => Math.min(own + 5, 19)))

  const postmaster = findPostmaster(join(clusterFolder(folder.path), 'data'))?.pid ?? 0
  expect(niceness(postmaster).get(postmaster)).toBe(own)
  expect(await server.stop()).toEqual({ code: 0, signal: null })
})
