import { readdirSync, stat } from 'node:fs'
import { getPriority, setPriority } from 'node:os'
import { setFlagsFromString } from 'node:v8'
import { hideEnvironment } from './processEnvironment'

// main.ts imports this first, before any library is loaded.
hideEnvironment()

// The database client is WebAssembly: compiling it a second time, optimised, takes 80 MB and no request notices.
setFlagsFromString('--liftoff-only')
// Keep V8's new space at its initial size during start-up; it never shrinks again.
setFlagsFromString('--semi-space-growth-factor=1')

/** Threads beside those that hash: DNS look-ups and files use the same pool, and must never wait behind hashes. */
const SPARE_THREADS = 4
/**
 * Steps of niceness: with five, a thread weighs a third of one that answers, and still gets all of an idle core. With ten,
 * session reads gain nothing more, and hashes lose some: two of them may share a core while the other one rests.
 */
const HASH_NICENESS = 5
const NICEST = 19

/**
 * Starts the pool of threads that hashes run on. libuv sizes it when it is first used: call this before anything
 * asynchronous. The server's settings decide alone, whatever UV_THREADPOOL_SIZE was.
 */
export function startThreadPool({ hashConcurrency }: { hashConcurrency: number }): void {
  process.env.UV_THREADPOOL_SIZE = String(hashConcurrency + SPARE_THREADS)
  lowerHashThreadPriority()
}

/**
 * Hashes keep every core busy for as long as there are logins. Their threads yield to the one that answers everybody, and to
 * the database beside it, so that reading a session does not wait for a core. On Linux, where each thread has a priority.
 */
function lowerHashThreadPriority(): void {
  if (process.platform !== 'linux') return
  try {
    const others = new Set(readdirSync('/proc/self/task'))
    stat('/', () => undefined) // the first use starts the pool, all of its threads at once
    const pool = readdirSync('/proc/self/task').filter((thread) => !others.has(thread))
    const priority = Math.min(getPriority() + HASH_NICENESS, NICEST)
    for (const thread of pool) setPriority(Number(thread), priority)
  } catch {
    // A sandbox that hides threads: a login storm is felt more, and nothing else changes.
  }
}

/** Lets the space for young objects grow under load: called once started, when what grows it is traffic. */
export function allowHeapGrowth(): void {
  setFlagsFromString('--semi-space-growth-factor=2')
}
