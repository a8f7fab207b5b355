/** The dearest hash that is worked at: beyond, a row brought in from elsewhere could hold a core or the memory. */
const DEAREST = { bcryptCost: 16, memoryCost: 262_144, timeCost: 16, parallelism: 16 } as const

const BCRYPT = /^\$2[aby]\$(\d\d)\$[./A-Za-z0-9]{53}$/
/** PHC string format as argon2 libraries write it: salts of 8 to 64 bytes, digests of 16 to 64. */
const ARGON2ID = /^\$argon2id\$v=19\$m=(\d{1,7}),t=(\d{1,3}),p=(\d{1,3})\$[A-Za-z0-9+/]{11,86}\$[A-Za-z0-9+/]{22,86}$/

/** A hash that can be checked, with what the work of doing so depends on. */
export type StoredHash = { algorithm: 'bcrypt'; text: string; cost: number } | { algorithm: 'argon2id'; text: string }

/** Tells hashes apart by their prefix. Null for what is of no known kind, malformed, or dearer than any is meant to be. */
export function parseStoredHash(text: string): StoredHash | null {
  const bcrypt = BCRYPT.exec(text)
  if (bcrypt) {
    const cost = Number(bcrypt[1])
    return cost >= 4 && cost <= DEAREST.bcryptCost ? { algorithm: 'bcrypt', text, cost } : null
  }
  const [, memory, time, parallelism] = ARGON2ID.exec(text)?.map(Number) ?? []
  return isWorkable(memory, time, parallelism) ? { algorithm: 'argon2id', text } : null
}

/** RFC 9106 §3.1 demands eight blocks of memory for each lane. */
function isWorkable(memory = 0, time = 0, parallelism = 0): boolean {
  if (parallelism < 1 || parallelism > DEAREST.parallelism) return false
  if (time < 1 || time > DEAREST.timeCost) return false
  return memory >= 8 * parallelism && memory <= DEAREST.memoryCost
}
