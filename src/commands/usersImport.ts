import { createReadStream } from 'node:fs'
import { createInterface } from 'node:readline'
import { z } from 'zod'
import { withDatabase } from './withDatabase'
import { parseStoredHash } from '../crypto/storedHash'
import { localeTag } from '../i18n/locale'
import { canonicalEmail } from '../lib/emailAddress'
import { InputReader } from '../services/steps/input'
import { importUser } from '../store/users'

const line = z.strictObject({
  email: z.string().transform((text, context) => {
    const email = canonicalEmail(text)
    if (email === null) context.addIssue('email is no plain address')
    return email ?? z.NEVER
  }),
  /** bcrypt in modular crypt format or argon2id as a PHC string: upgraded at the first login where it is due. */
  passwordHash: z
    .string()
    .refine((text) => parseStoredHash(text) !== null, 'passwordHash is neither bcrypt nor argon2id'),
  displayName: z
    .string()
    .nullish()
    .transform((text) => new InputReader().displayName('displayName', text)),
  locale: z
    .string()
    .refine((text) => localeTag(text) !== null, 'locale is no BCP 47 tag')
    .default('en'),
  /** Null for an address that was never verified: its owner registers anew, or resets the password. */
  emailVerifiedAt: z.iso.datetime({ offset: true }).nullable(),
})

/**
 * Imports users from JSON lines. A line that cannot be read is named and passed over, an address that is there already
 * stays as it is: nothing is lost or overwritten. Resolves to 1 when a line was refused.
 */
export function importUsers(file: string | undefined): Promise<number> {
  return withDatabase(async ({ database }) => {
    const lines = createInterface({
      input: file === undefined ? process.stdin : createReadStream(file),
      crlfDelay: Infinity,
    })
    const counts = { imported: 0, present: 0, refused: 0 }
    let number = 0
    for await (const text of lines) {
      number += 1
      if (text.trim() === '') continue
      const read = readLine(text)
      if (typeof read === 'string') {
        counts.refused += 1
        console.error(`line ${number}: ${read}`)
      } else {
        counts[(await importUser(database.prisma, read)) ? 'imported' : 'present'] += 1
      }
    }
    console.log(`${counts.imported} imported, ${counts.present} already there, ${counts.refused} refused`)
    return counts.refused === 0 ? 0 : 1
  })
}

/** A user, or what is wrong with the line: never the line itself. */
function readLine(text: string) {
  try {
    const read = line.safeParse(JSON.parse(text))
    if (!read.success)
      return read.error.issues.map((issue) => `${issue.path.join('.')} ${issue.message}`.trim()).join('; ')
    const { emailVerifiedAt, ...user } = read.data
    return { ...user, emailVerifiedAt: emailVerifiedAt === null ? null : new Date(emailVerifiedAt) }
  } catch {
    return 'not JSON'
  }
}
