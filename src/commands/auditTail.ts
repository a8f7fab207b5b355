import { EXIT } from './failure'
import { countOf, optionsOf } from './optionsOf'
import { withDatabase } from './withDatabase'
import { canonicalEmail } from '../lib/emailAddress'
import { newestAuditEvents } from '../store/auditEvents'
import { findUserByEmail } from '../store/users'

const EVENTS = { most: 1000, otherwise: 50 } // a thousand rows are one statement of milliseconds

const OPTIONS = { type: { type: 'string' }, last: { type: 'string' }, json: { type: 'boolean' } } as const

/**
 * Prints the newest audit events, the newest last, a line each: as columns or as JSON. Resolves to the exit code, or to null if
 * the options are wrong.
 */
export async function auditTail(args: string[]): Promise<number | null> {
  const parsed = optionsOf(args, OPTIONS)
  const last = countOf(parsed?.values.last, EVENTS)
  if (!parsed || last === null) return null
  const { values, word } = parsed
  return withDatabase(async ({ database }) => {
    const email = word === undefined ? null : canonicalEmail(word)
    const user = email === null ? null : await findUserByEmail(database.prisma, email)
    if (word !== undefined && !user) {
      console.error('No account has that address.')
      return EXIT.failed
    }
    const filter = { ...(user && { userId: user.id }), ...(values.type !== undefined && { type: values.type }) }
    const events = await newestAuditEvents(database.prisma, filter, last)
    for (const event of events.reverse()) console.log(values.json ? JSON.stringify(event) : asColumns(event))
    return EXIT.ok
  })
}

type Listed = Awaited<ReturnType<typeof newestAuditEvents>>[number]

/** The user agent is left to --json, which escapes whatever a client sends for a terminal. */
function asColumns({ createdAt, type, actorKind, userId, ipAddress, details }: Listed): string {
  return [createdAt.toISOString(), type, actorKind, userId ?? '-', ipAddress ?? '-', JSON.stringify(details)].join('  ')
}
