import { v7 as uuidv7 } from 'uuid'
import type { Database, Queryable } from './database'
import { NO_PASSWORD } from './users'
import { Prisma } from '../generated/prisma/client'

export interface ImportedUser {
  /** Null for a new one. */
  id: string | null
  email: string
  /** Null for an account without a password: its owner sets one by a reset. */
  passwordHash: string | null
  displayName: string | null
  locale: string
  emailVerifiedAt: Date | null
  /** Null for the present. */
  createdAt: Date | null
}

/** `replaced`: in the place of an account that was never verified. The others say why nothing was written. */
export type ImportOutcome = 'imported' | 'replaced' | 'verified' | 'imported-before' | 'id-taken'

/** Registrations may write the address between reading and writing: more often than this they cannot. */
const MAX_TRIES = 5

/**
 * Writes a user from elsewhere, in the place of an account that nobody has verified: with it go its registrations, their
 * links and waiting mails, so that whoever registered addresses before a migration gains nothing. A verified account, and
 * one that was imported, stay as they are.
 */
export async function importUser(database: Database, user: ImportedUser, now: Date): Promise<ImportOutcome> {
  for (let tries = 0; tries < MAX_TRIES; tries += 1) {
    const outcome = await outcomeOfImport(database.prisma, user)
    if (outcome !== 'imported' && outcome !== 'replaced') return outcome
    if (await write(database, user, now)) return outcome
  }
  throw new Error('An import that registrations of the same address kept from writing')
}

/** What an import of this user would do. */
export async function outcomeOfImport(db: Queryable, { id, email }: ImportedUser): Promise<ImportOutcome> {
  const found = await db.user.findMany({ where: { OR: [{ email }, ...(id === null ? [] : [{ id }])] } })
  const holder = found.find((user) => user.email === email)
  if (holder?.emailVerifiedAt) return 'verified'
  if (holder?.importedAt) return 'imported-before'
  if (found.some((user) => user !== holder)) return 'id-taken'
  return holder ? 'replaced' : 'imported'
}

/** False where another account holds address or id: nothing is written then. */
async function write({ prisma }: Database, user: ImportedUser, now: Date): Promise<boolean> {
  const { id, passwordHash, createdAt, ...profile } = user
  const data = {
    ...profile,
    ...{ id: id ?? uuidv7(), passwordHash: passwordHash ?? NO_PASSWORD, passwordChangedAt: now, importedAt: now },
    ...{ createdAt: createdAt ?? now, updatedAt: now },
  }
  try {
    // The row count of the first statement does not matter: whether the address is free then decides.
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
