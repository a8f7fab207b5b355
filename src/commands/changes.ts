import { EXIT } from './failure'
import { withDatabase } from './withDatabase'
import type { Config } from '../config/config'
import type { Variable } from '../config/env'
import { AlreadyExistsError, InvalidInputError } from '../errors/userErrors'
import { systemClock } from '../lib/clock'
import { canonicalEmail } from '../lib/emailAddress'
import type { AccountKey, Actor } from '../services/deps'
import type { ChangeDeps } from '../services/steps/commit'
import type { Database } from '../store/database'
import { findAccountId, findAccountsForOperator } from '../store/operatedUsers'

/** What a command changes the database with. Running instances hear of it by the database's notifications. */
export interface ChangeTools {
  deps: ChangeDeps & { config: Config }
  actor: Actor
  database: Database
}

/** Makes a change on behalf of whoever runs the command. An invalid input or an address that is taken is reported, and ends with EXIT.failed. */
export function withChange(
  work: (tools: ChangeTools) => Promise<number>,
  uses: readonly Variable[] = [],
): Promise<number> {
  return withDatabase(async ({ database, logger: log, config }) => {
    const deps = { clock: systemClock, database, config, sessionCache: { invalidate: () => undefined } }
    try {
      return await work({ deps, actor: { kind: 'cli', ipAddress: null, userAgent: null, log }, database })
    } catch (error) {
      if (error instanceof InvalidInputError) return complain(spell(error))
      if (error instanceof AlreadyExistsError) return complain('an account has that address, or had it lately')
      throw error
    }
  }, uses)
}

/** Changes the account of an address, then prints it as it is. `change` resolves to null if there is none. */
export async function withAccount(
  address: string,
  change: (deps: ChangeTools['deps'], actor: Actor, account: AccountKey) => Promise<unknown>,
  uses: readonly Variable[] = [],
): Promise<number> {
  const email = canonicalEmail(address)
  if (email === null) return complain('that is no plain e-mail address')
  return withChange(async ({ deps, actor, database }) => {
    const done = await change(deps, actor, { email })
    const id = done === null ? null : await findAccountId(database.prisma, { email })
    if (id === null) return complain('no account has that address')
    return printAccount(database, id)
  }, uses)
}

/** Prints an account with its sessions and factors as JSON, without any secret. */
export async function printAccount({ prisma }: Database, id: string): Promise<number> {
  const [account] = await findAccountsForOperator(prisma, [id], systemClock.now())
  console.log(JSON.stringify(account, null, 2))
  return EXIT.ok
}

export function complain(problem: string): number {
  console.error(`Not done: ${problem}.`)
  return EXIT.failed
}

function spell({ fields }: InvalidInputError): string {
  return fields
    .map(
      ({ field, code, limit }) =>
        `${field}: ${code.toLowerCase().replaceAll('_', ' ')}${limit === undefined ? '' : ` (${limit})`}`,
    )
    .join('; ')
}
