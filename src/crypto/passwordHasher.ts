import { createHash } from 'node:crypto'
import bcrypt from 'bcrypt'
import { BCRYPT_MAX_BYTES } from '../config/defaults'
import type { HashScheduler } from './hashScheduler'
import { type StoredHash, parseStoredHash } from './storedHash'
import type { Turn } from './turn'

/** OWASP's minimum: 19 MiB (in KiB), two passes. One lane, since each further one would start a thread beside the pool. */
const ARGON2 = { memoryCost: 19_456, timeCost: 2, parallelism: 1 } as const

export interface PasswordHasher {
  /** Throws an OverloadedError where a hash would be refused now: asked first, so that a refusal costs next to nothing. */
  demandRoom(turn: Turn): Promise<void>
  /** The hash to store, by the configured algorithm. The password is normalised already. Throws what the scheduler throws. */
  hash(password: string, turn: Turn): Promise<string>
  /**
   * Whether the password is the stored one. Without a stored hash, or with one that is none, the work of a hash is done
   * all the same and the answer is no: its time does not tell who has an account. `outdated` asks to hash a right
   * password anew, since the algorithm or its parameters have changed. Throws what the scheduler throws.
   */
  verify(password: string, stored: string | null, turn: Turn): Promise<{ valid: boolean; outdated: boolean }>
}

interface HasherOptions {
  algorithm: 'bcrypt' | 'argon2id'
  bcryptCost: number
  scheduler: HashScheduler
}

/** Slow salted hashes, each in its turn. Hashes of either algorithm verify, whichever is configured. */
export function createPasswordHasher({ algorithm, bcryptCost, scheduler }: HasherOptions): PasswordHasher {
  const method = algorithm === 'bcrypt' ? bcryptMethod(bcryptCost) : argon2Method()
  return {
    demandRoom: (turn) => scheduler.demandRoom(turn),
    hash: (password, turn) => scheduler.run(turn, () => method.hash(password)),
    verify: (password, stored, turn) =>
      scheduler.run(turn, async () => {
        const known = stored === null ? null : parseStoredHash(stored)
        const valid = known !== null && (await matches(password, known))
        await method.equalize(password, known)
        return { valid, outdated: valid && !method.isCurrent(known) }
      }),
  }
}

interface Method {
  hash(password: string): Promise<string>
  isCurrent(stored: StoredHash): boolean
  /** Does what is left of the work of one hash of this method, after `spent` was checked. */
  equalize(password: string, spent: StoredHash | null): Promise<void>
}

function bcryptMethod(cost: number): Method {
  return {
    hash: (password) => bcrypt.hash(bcryptInput(password), cost),
    isCurrent: (stored) => stored.text.startsWith(bcryptPrefix(cost)),
    async equalize(password, spent) {
      // 2^10 + 2^10 + 2^11 = 2^12: a hash of cost 10 and decoys of 10 and 11 take as long as one hash of cost 12.
      const first = spent?.algorithm === 'bcrypt' ? spent.cost : null
      const decoys =
        first === null ? [cost] : Array.from({ length: Math.max(0, cost - first) }, (_, step) => first + step)
      for (const decoy of decoys) await bcrypt.compare(bcryptInput(password), bcryptDecoy(decoy))
    },
  }
}

/**
 * A bcrypt hash from before a change to argon2id costs more than the decoy, and time can tell such accounts until their
 * next login: making everyone wait for the dearest hash there may be would undo the change.
 */
function argon2Method(): Method {
  const argon2Prefix = `$argon2id$v=19$m=${ARGON2.memoryCost},t=${ARGON2.timeCost},p=${ARGON2.parallelism}$`
  return {
    hash: (password) => hashArgon2(password),
    isCurrent: (stored) => stored.text.startsWith(argon2Prefix),
    async equalize(password, spent) {
      if (spent === null) await hashArgon2(password)
    },
  }
}

async function matches(password: string, stored: StoredHash): Promise<boolean> {
  // `$2y$` is PHP's name for `$2b$`, and the only one of the three that the library does not know.
  if (stored.algorithm === 'bcrypt') return bcrypt.compare(bcryptInput(password), stored.text.replace(/^\$2y/, '$2b'))
  return (await loadArgon2()).verify(stored.text, password)
}

async function hashArgon2(password: string): Promise<string> {
  const argon2 = await loadArgon2()
  return argon2.hash(password, { type: argon2.argon2id, ...ARGON2 })
}

/** Loaded by those who use it: the default needs no second native addon. */
function loadArgon2(): Promise<typeof import('argon2')> {
  return import('argon2')
}

/**
 * bcrypt ignores what lies beyond 72 bytes. Up to there passwords are hashed as they are, so that hashes stay exchangeable
 * with other systems; longer ones by a digest that lets every character count, in base64 since bcrypt stops at a NUL.
 */
function bcryptInput(password: string): string {
  if (Buffer.byteLength(password) <= BCRYPT_MAX_BYTES) return password
  return createHash('sha384').update(password).digest('base64')
}

/** A well-formed hash that no password has: only the time that it takes to find out matters. */
function bcryptDecoy(cost: number): string {
  return bcryptPrefix(cost) + '.'.repeat(53)
}

function bcryptPrefix(cost: number): string {
  return `$2b$${String(cost).padStart(2, '0')}$`
}
