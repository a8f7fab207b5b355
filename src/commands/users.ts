import { EXIT } from './failure'
import { withDatabase } from './withDatabase'
import { systemClock } from '../lib/clock'
import { canonicalEmail } from '../lib/emailAddress'
import type { Grants } from '../lib/grants'
import type { Actor } from '../services/deps'
import { disableUser } from '../services/disableUser'
import { enableUser } from '../services/enableUser'
import { endSessions } from '../services/endSessions'
import { setClaims } from '../services/setClaims'
import { setRoles } from '../services/setRoles'
import type { ChangeDeps } from '../services/steps/commit'
import { problemOfClaims, problemOfRoles } from '../services/steps/grantRules'
import { findAccountsForOperator } from '../store/operatedUsers'
import { findUserByEmail } from '../store/users'

type Change = (deps: ChangeDeps, actor: Actor, account: { email: string }) => Promise<unknown>

/** Prints an account with its sessions and factors as JSON, without any secret. */
export function showUser(address: string): Promise<number> {
  return withAccount(address, (_deps, _actor, account) => Promise.resolve(account))
}

/** Disables an account on every instance at once, and prints it. */
export const disable = (address: string) =>
  withAccount(address, (deps, actor, account) => disableUser(deps, actor, { account, reason: null }))
export const enable = (address: string) => withAccount(address, enableUser)
export const endSessionsOf = (address: string) => withAccount(address, endSessions)

/** Replaces the roles of an account: none where no role is given. */
export function replaceRoles(address: string, roles: string[], options: { endSessions: boolean }): Promise<number> {
  const problem = problemOfRoles(roles)
  if (problem !== null) return complain(problem)
  return withAccount(address, (deps, actor, account) => setRoles(deps, actor, { account, roles, ...options }))
}

/** Replaces the claims of an account by a JSON object. */
export function replaceClaims(address: string, json: string, options: { endSessions: boolean }): Promise<number> {
  const claims = parseJson(json)
  const problem = problemOfClaims(claims)
  if (problem !== null) return complain(problem)
  return withAccount(address, (deps, actor, account) =>
    setClaims(deps, actor, { account, claims: claims as Grants['claims'], ...options }),
  )
}

/** Makes the change, then prints the account as it is. A running instance hears of it by the database's notification. */
async function withAccount(address: string, change: Change): Promise<number> {
  const email = canonicalEmail(address)
  if (email === null) return complain('that is no plain e-mail address')
  return withDatabase(async ({ database, logger: log }) => {
    const deps = { clock: systemClock, database, sessionCache: { invalidate: () => undefined } }
    const done = await change(deps, { kind: 'cli', ipAddress: null, userAgent: null, log }, { email })
    const user = done === null ? null : await findUserByEmail(database.prisma, email)
    const [account] = user ? await findAccountsForOperator(database.prisma, [user.id], systemClock.now()) : []
    if (!account) return complain('no account has that address')
    console.log(JSON.stringify(account, null, 2))
    return EXIT.ok
  })
}

function parseJson(json: string): unknown {
  try {
    return JSON.parse(json)
  } catch {
    return undefined
  }
}

function complain(problem: string): Promise<number> {
  console.error(`Not done: ${problem}.`)
  return Promise.resolve(EXIT.failed)
}
