import { availableParallelism } from 'node:os'

/** Threads beside those that hash: DNS look-ups and files use the same pool, and must never wait behind hashes. */
const SPARE_THREADS = 4

/**
 * Sizes libuv's thread pool for the hashes that may run at once. Works only before anything has used the pool, so that
 * main.ts imports this first.
 */
const concurrency = Number(process.env.HASH_CONCURRENCY) || availableParallelism()
process.env.UV_THREADPOOL_SIZE ??= String(Math.min(concurrency, 256) + SPARE_THREADS)
