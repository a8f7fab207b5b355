import { PASSWORD } from '../config/defaults'
import { type FirebaseProject, firebaseHash, keycloakHash, respelledHash } from '../passwords/otherSystems'
import { readStoredHash } from '../passwords/readStoredHash'
import type { ReadHash, StoredHash } from '../passwords/storedHash'

export interface HashPolicy {
  bcryptCost: number
  /** The project whose export this is; null if it is not one of Firebase. */
  firebase: FirebaseProject | null
}

/**
 * Reads `passwordHash`: a text in a known spelling, a credential of Keycloak, or, with its salt, a hash of Firebase. Null if there
 * is none: a reset sets the first password. A problem is a whole sentence about the line.
 */
export function readImportedHash(
  policy: HashPolicy,
  { hash, salt }: { hash: string | object | undefined; salt: string | undefined },
): ReadHash | null {
  const spelled = spell(policy, hash, salt)
  if (spelled === null || typeof spelled === 'object') return spelled
  const read = readStoredHash(spelled)
  const problem = read.problem ?? costProblem(policy, read.hash)
  return problem === null ? read : { problem: `passwordHash ${problem}` }
}

/** The hash in one of our spellings. */
function spell(
  { firebase }: HashPolicy,
  hash: string | object | undefined,
  salt: string | undefined,
): string | { problem: string } | null {
  if (typeof hash === 'object')
    return keycloakHash(hash) ?? { problem: 'passwordHash is an object, but no password credential of Keycloak' }
  if (hash === undefined) return null
  if (salt === undefined) return respelledHash(hash)
  if (firebase) return firebaseHash(firebase, { hash, salt })
  return { problem: 'passwordSalt is there, but --firebase FILE is not: its project’s parameters are needed' }
}

/** Every login computes a hash of each kind present: one costly hash would slow down all logins. */
function costProblem({ bcryptCost }: HashPolicy, hash: StoredHash): string | null {
  if (hash.algorithm === 'bcrypt' && hash.cost > bcryptCost)
    return `is bcrypt of cost ${hash.cost}, above BCRYPT_COST=${bcryptCost}: raise that, or leave the hash out`
  if (hash.algorithm === 'argon2' && hash.work > PASSWORD.maxArgon2Work)
    return `is argon2 with m times t above ${PASSWORD.maxArgon2Work}: leave it out, the person resets the password`
  return null // the readers of scrypt and PBKDF2 limit their work
}
