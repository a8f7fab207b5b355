import { v7 as uuidv7 } from 'uuid'
import type { Database, Queryable } from './database'
import { NO_PASSWORD } from './users'
import type { Grants } from '../lib/grants'
import { Prisma } from '../generated/prisma/client'

export interface ImportedUser extends Grants {
  /** Null for a new one. */
  id: string | null
  email: string
  /** Null for an account without a password; its owner sets one by a reset. */
  passwordHash: string | null
  displayName: string | null
  locale: string
  emailVerifiedAt: Date | null
  /** Null for an account that may log in. */
  disabledAt: Date | null
  disabledReason: string | null
  /** Null for the time of the import. */
  createdAt: Date | null
}

/** `replaced`: imported in place of an account that was never verified. The last three: nothing was written. */
export type ImportOutcome = 'imported' | 'replaced' | 'verified' | 'imported-before' | 'id-taken'

/** A registration may create the address between the check and the insert; this many times in a row is implausible. */
const MAX_TRIES = 5

/**
 * Inserts an imported user. It replaces an unverified account, with its registrations, links and queued mails, so that
 * registering addresses before a migration gives an attacker nothing. A verified or already imported account stays
 * unchanged.
 */
export async function importUser(database: Database, user: ImportedUser, now: Date): Promise<ImportOutcome> {
  for (let tries = 0; tries < MAX_TRIES; tries += 1) {
    const outcome = await outcomeOfImport(database.prisma, user)
    if (outcome !== 'imported' && outcome !== 'replaced') return outcome
    if (await write(database, user, now)) return outcome
  }
  throw new Error('An import that registrations of the same address kept from writing')
}

/** The outcome that an import of this user would have. */
export async function outcomeOfImport(db: Queryable, { id, email }: ImportedUser): Promise<ImportOutcome> {
  const found = await db.user.findMany({ where: { OR: [{ email }, ...(id === null ? [] : [{ id }])] } })
  const holder = found.find((user) => user.email === email)
  if (holder?.emailVerifiedAt) return 'verified'
  if (holder?.importedAt) return 'imported-before'
  if (found.some((user) => user !== holder)) return 'id-taken'
  return holder ? 'replaced' : 'imported'
}

/** False if another account has the address or the id: then nothing is written. */
async function write({ prisma }: Database, user: ImportedUser, now: Date): Promise<boolean> {
  const { id, passwordHash, createdAt, ...profile } = user
  const data = {
    ...profile,
    ...{ id: id ?? uuidv7(), passwordHash: passwordHash ?? NO_PASSWORD, passwordChangedAt: now, importedAt: now },
    ...{ createdAt: createdAt ?? now, updatedAt: now },
  }
  try {
    // The number of deleted rows does not matter: the insert fails if the address is not free.
    await prisma.$transaction([
      prisma.user.deleteMany({ where: { email: user.email, emailVerifiedAt: null, importedAt: null } }),
      prisma.user.create({ data }),
    ])
    return true
  } catch (error) {
    if (error instanceof Prisma.PrismaClientKnownRequestError && error.code === 'P2002') return false
    throw error
  }
}
