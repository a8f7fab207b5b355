import { setTimeout as wait } from 'node:timers/promises'
import { EXIT } from './failure'
import { countOf, optionsOf } from './optionsOf'
import { withDatabase } from './withDatabase'
import { isAuditEventType } from '../lib/auditEventTypes'
import { canonicalEmail } from '../lib/emailAddress'
import { type AuditFilter, listAuditEvents } from '../store/auditEvents'
import type { Queryable } from '../store/database'
import { findAccountId } from '../store/operatedUsers'

const EVENTS = { most: 1000, otherwise: 50 } // a thousand rows are one statement of milliseconds

const OPTIONS = {
  type: { type: 'string' },
  last: { type: 'string' },
  json: { type: 'boolean' },
  follow: { type: 'boolean' },
} as const

/** Milliseconds between two looks for new events. */
const FOLLOW_INTERVAL = 1_000
/** Milliseconds that an event may commit after the time that it names: a transaction takes 5 s at most. */
const LATE = 10_000

/**
 * Prints the newest audit events, the newest last, a line each: as columns or as JSON; with `--follow` also those that come.
 * Resolves to the exit code, or to null if the options are wrong.
 */
export async function auditTail(args: string[]): Promise<number | null> {
  const parsed = optionsOf(args, OPTIONS)
  const last = countOf(parsed?.values.last, EVENTS)
  if (!parsed || last === null) return null
  const { values, word } = parsed
  if (values.type !== undefined && !isAuditEventType(values.type)) {
    console.error('No event has that type: docs/reference/events.md lists them.')
    return EXIT.failed
  }
  return withDatabase(async ({ database: { prisma } }) => {
    const email = word === undefined ? null : canonicalEmail(word)
    const userId = email === null ? null : await findAccountId(prisma, { email })
    if (word !== undefined && userId === null) {
      console.error('No account has that address.')
      return EXIT.failed
    }
    const filter = { ...(userId !== null && { userId }), ...(values.type !== undefined && { types: [values.type] }) }
    const spell = values.json ? (event: Listed) => JSON.stringify(event) : asColumns
    const events = await listAuditEvents(prisma, filter, { first: last, after: null })
    for (const event of events.reverse()) console.log(spell(event))
    if (values.follow) await follow(prisma, { filter, known: events }, (event) => console.log(spell(event)))
    return EXIT.ok
  })
}

type Listed = Awaited<ReturnType<typeof listAuditEvents>>[number]

/** Prints what comes until the command is ended. Each look goes back a little: rows do not commit in the order of their times. */
async function follow(
  db: Queryable,
  { filter, known }: { filter: AuditFilter; known: readonly Listed[] },
  print: (event: Listed) => void,
): Promise<never> {
  let printed = new Set(known.map(({ id }) => id))
  let newest = known.at(-1)?.createdAt ?? new Date()
  for (;;) {
    await wait(FOLLOW_INTERVAL)
    const after = new Date(newest.getTime() - LATE)
    const recent = await listAuditEvents(db, { ...filter, after }, { first: EVENTS.most, after: null })
    for (const event of recent.reverse()) if (!printed.has(event.id)) print(event)
    printed = new Set([...recent.map(({ id }) => id), ...known.map(({ id }) => id)])
    newest = recent.at(-1)?.createdAt ?? newest
  }
}

/** The user agent is left to --json, which escapes whatever a client sends for a terminal. */
function asColumns({ createdAt, type, actorKind, userId, ipAddress, details }: Listed): string {
  return [createdAt.toISOString(), type, actorKind, userId ?? '-', ipAddress ?? '-', JSON.stringify(details)].join('  ')
}
