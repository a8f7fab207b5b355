import { availableParallelism } from 'node:os'
import { setFlagsFromString } from 'node:v8'

/** Threads beside those that hash: DNS look-ups and files use the same pool, and must never wait behind hashes. */
const SPARE_THREADS = 4

// libuv sizes its thread pool when it is first used, and V8 reads its flags as it goes: main.ts imports this first.
const concurrency = Number(process.env.HASH_CONCURRENCY) || availableParallelism()
process.env.UV_THREADPOOL_SIZE ??= String(Math.min(concurrency, 256) + SPARE_THREADS)

// The database client is WebAssembly: compiling it a second time, optimised, takes 80 MB and no request notices.
setFlagsFromString('--liftoff-only')
// Megabytes for young objects: a server at rest keeps what it ever grew to.
setFlagsFromString('--max-semi-space-size=8')
setFlagsFromString('--semi-space-growth-factor=1')
