import { PASSWORD } from '../config/defaults'
import type { Clock } from '../lib/clock'

/** The kinds of hashes that accounts have, as prefixes: `$2b$12$`, `$argon2id$v=19$m=65536,t=2,p=1$`. */
export type HashKinds = () => Promise<readonly string[]>

/** The part of a pool that is needed. */
interface Queries {
  query(text: string): Promise<{ rows: { kind: string }[] }>
}

/** More than imports allow: limits the cost of a login if rows were written by other means. */
const MAX_KINDS = 16
/** Each number of iterations of PBKDF2 is one, and only the largest of them counts. */
const MAX_FOREIGN_KINDS = 64

/** Must equal the expression of the index `users_password_hash_kind_idx`, or PostgreSQL would read every account. */
const KIND = String.raw`substring(password_hash from '^(?:\$2[aby]\$\d\d\$|\$argon2id\$(?:v=\d+\$)?[^$]+\$)')`

/** Hashes that only imports bring in: in an index of their own, `users_foreign_hash_kind_idx`, with the same expression. */
const FOREIGN_KIND = String.raw`substring(password_hash from '^(?:\$argon2i\$(?:v=\d+\$)?[^$]+\$|\$scrypt\$[^$]+\$|\$pbkdf2-sha(?:256|512)\$[^$]+\$|\$fbscrypt\$v=1,n=\d+,r=\d+,p=\d+)')`

/** A loose index scan: one step in the index for each kind, however many accounts there are. */
const scanOf = (name: string, kind: string) => `${name} (kind) AS (
    SELECT min(${kind}) FROM users
    UNION ALL
    SELECT (SELECT min(${kind}) FROM users WHERE ${kind} > kind) FROM ${name} WHERE kind IS NOT NULL
  )`

const FIND_KINDS = `
  WITH RECURSIVE ${scanOf('kinds', KIND)}, ${scanOf('foreign_kinds', FOREIGN_KIND)}
  (SELECT kind FROM kinds WHERE kind IS NOT NULL LIMIT ${MAX_KINDS})
  UNION ALL
  (SELECT kind FROM foreign_kinds WHERE kind IS NOT NULL LIMIT ${MAX_FOREIGN_KINDS})`

export async function findHashKinds(pool: Queries): Promise<string[]> {
  const { rows } = await pool.query(FIND_KINDS)
  return rows.map(({ kind }) => kind)
}

/** Read again when PASSWORD.hashKindsMaxAge has passed; concurrent calls share one query. */
export function createHashKinds({ pool, clock }: { pool: Queries; clock: Clock }): HashKinds {
  let read: { kinds: Promise<string[]>; at: number } | null = null
  return async () => {
    const now = clock.now().getTime()
    if (read && Math.abs(now - read.at) < PASSWORD.hashKindsMaxAge) return read.kinds
    const latest = { kinds: findHashKinds(pool), at: now }
    read = latest
    return latest.kinds.catch((error: unknown) => {
      if (read === latest) read = null
      throw error
    })
  }
}
