import { readdirSync, stat } from 'node:fs'
import { availableParallelism, getPriority, setPriority } from 'node:os'
import { setFlagsFromString } from 'node:v8'

/** Threads beside those that hash: DNS look-ups and files use the same pool, and must never wait behind hashes. */
const SPARE_THREADS = 4
/**
 * Steps of niceness: with five, a thread weighs a third of one that answers, and still gets all of an idle core. With ten,
 * session reads gain nothing more, and hashes lose some: two of them may share a core while the other one rests.
 */
const YIELDING = 5
const NICEST = 19

// libuv sizes its thread pool when it is first used, and V8 reads its flags as it goes: main.ts imports this first.
const concurrency = Number(process.env.HASH_CONCURRENCY) || availableParallelism()
process.env.UV_THREADPOOL_SIZE ??= String(Math.min(concurrency, 256) + SPARE_THREADS)

// The database client is WebAssembly: compiling it a second time, optimised, takes 80 MB and no request notices.
setFlagsFromString('--liftoff-only')
// The space for young objects stays as small as it begins: starting would make it grow, and nothing would shrink it.
setFlagsFromString('--semi-space-growth-factor=1')

yieldToAnswers()

/**
 * Hashes keep every core busy for as long as there are logins. Their threads yield to the one that answers everybody, and to
 * the database beside it, so that reading a session does not wait for a core. On Linux, where each thread has a priority.
 */
function yieldToAnswers(): void {
  if (process.platform !== 'linux') return
  try {
    const others = new Set(readdirSync('/proc/self/task'))
    stat('/', () => undefined) // the first use starts the pool, all of its threads at once
    const pool = readdirSync('/proc/self/task').filter((thread) => !others.has(thread))
    const priority = Math.min(getPriority() + YIELDING, NICEST)
    for (const thread of pool) setPriority(Number(thread), priority)
  } catch {
    // A sandbox that hides threads: a login storm is felt more, and nothing else changes.
  }
}

/** Lets the space for young objects grow under load: called once started, when what grows it is traffic. */
export function expectTraffic(): void {
  setFlagsFromString('--semi-space-growth-factor=2')
}
