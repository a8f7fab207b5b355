import { readdirSync, stat } from 'node:fs'
import { getPriority, setPriority } from 'node:os'
import { setFlagsFromString } from 'node:v8'
import { hideEnvironment } from './processEnvironment'

// main.ts imports this first, before any library is loaded.
hideEnvironment()

// The database client is WebAssembly: V8's optimising compiler would take 80 MB for it, and no request would be faster.
setFlagsFromString('--liftoff-only')
// Keep V8's new space at its initial size during start-up; it never shrinks again.
setFlagsFromString('--semi-space-growth-factor=1')

/** Threads beyond those for hashes: DNS look-ups and file access use the same pool, and must not wait for hashes. */
const SPARE_THREADS = 4
/**
 * Added to the process's niceness: with 5, a hash thread gets a third of the main thread's share of a core, and still all of
 * an idle core. With 10, session reads were no faster, but hashes slower: two may share a core while another one is idle.
 */
const HASH_NICENESS = 5
const NICEST = 19

/**
 * Starts libuv's thread pool, on which hashes run. libuv fixes its size at the first use: call this before anything
 * asynchronous. Overrides UV_THREADPOOL_SIZE.
 */
export function startThreadPool({ hashConcurrency }: { hashConcurrency: number }): void {
  process.env.UV_THREADPOOL_SIZE = String(hashConcurrency + SPARE_THREADS)
  lowerHashThreadPriority()
}

/**
 * Lowers the priority of the hash threads, which can keep every core busy: the main thread, and a database on the same
 * machine, must not wait for a core. Linux only, where each thread has its own priority.
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
    // A sandbox may hide threads: then many logins slow other requests down more.
  }
}

/** Lets V8's new space grow under load. Called after start-up, so that only traffic makes it grow. */
export function allowHeapGrowth(): void {
  setFlagsFromString('--semi-space-growth-factor=2')
}
