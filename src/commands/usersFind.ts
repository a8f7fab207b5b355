import { EXIT } from './failure'
import { countOf, optionsOf } from './optionsOf'
import { withDatabase } from './withDatabase'
import { cursorOf, pageStartOf } from '../lib/pageCursor'
import { type ListedUser, listUsers } from '../store/userPages'

const PAGE = { most: 200, otherwise: 50 } // 200 lines are read by nobody at once; a program asks for the next page

const OPTIONS = {
  unverified: { type: 'boolean' },
  disabled: { type: 'boolean' },
  first: { type: 'string' },
  after: { type: 'string' },
  json: { type: 'boolean' },
} as const

/**
 * Prints one page of accounts, a line each: as columns, or as JSON with the cursor after which the next page begins. Resolves
 * to the exit code, or to null if the options are wrong.
 */
export async function findUsers(args: string[]): Promise<number | null> {
  const parsed = optionsOf(args, OPTIONS)
  const first = countOf(parsed?.values.first, PAGE)
  const after = parsed?.values.after === undefined ? null : pageStartOf(parsed.values.after)
  if (!parsed || first === null || (after === null && parsed.values.after !== undefined)) return null
  const { values, word } = parsed
  const filter = {
    ...(word !== undefined && { emailPrefix: word.toLowerCase() }), // addresses are stored in lower case
    ...(values.unverified && { verified: false }),
    ...(values.disabled && { disabled: true }),
  }
  return withDatabase(async ({ database }) => {
    const found = await listUsers(database.prisma, filter, { first: first + 1, after })
    const page = found.slice(0, first)
    for (const user of page) console.log(values.json ? asJson(user) : asColumns(user))
    const last = page.at(-1)
    if (last && found.length > first && !values.json) console.error(`There are more: --after ${cursorOf(last)}`)
    return EXIT.ok
  })
}

function asColumns({ id, email, emailVerifiedAt, disabledAt, createdAt }: ListedUser): string {
  const states = [...(emailVerifiedAt ? [] : ['unverified']), ...(disabledAt ? ['disabled'] : [])]
  return [id, createdAt.toISOString(), states.join(',') || 'active', email].join('  ')
}

function asJson(user: ListedUser): string {
  return JSON.stringify({ ...user, cursor: cursorOf(user) })
}
