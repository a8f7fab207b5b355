import { complain, withAccount } from './changes'
import { optionsOf } from './optionsOf'
import { readJsonSchemas } from '../config/jsonSchemas'
import { disableUser } from '../services/disableUser'
import { enableUser } from '../services/enableUser'
import { markEmailVerified } from '../services/markEmailVerified'
import { sendPasswordReset } from '../services/sendPasswordReset'
import { setClaims } from '../services/setClaims'
import { setOperator } from '../services/setOperator'
import { setRoles } from '../services/setRoles'
import { problemOfClaims, problemOfRoles } from '../services/steps/grantRules'

/** Prints an account with its sessions and factors as JSON, without any secret. */
export function showUser(address: string): Promise<number> {
  return withAccount(address, () => Promise.resolve('shown'))
}

/** Disables an account on every instance at once, and prints it. Null: the options are wrong. */
export async function disable(args: string[]): Promise<number | null> {
  const parsed = optionsOf(args, { reason: { type: 'string' } })
  if (parsed?.word === undefined) return null
  const reason = parsed.values.reason ?? null
  return withAccount(parsed.word, (deps, actor, account) => disableUser(deps, actor, { account, reason }))
}

export const enable = (address: string) => withAccount(address, enableUser)
export const verify = (address: string) => withAccount(address, markEmailVerified)
export const reset = (address: string) => withAccount(address, sendPasswordReset, ['RESET_TOKEN_TTL'])

/** Gives an account the role of an operator, or takes it away. */
export function makeOperator(address: string, isOperator: boolean): Promise<number> {
  return withAccount(address, (deps, actor, account) => setOperator(deps, actor, { account, isOperator }))
}

/** Replaces the roles of an account: none where no role is given. */
export async function replaceRoles(
  address: string,
  roles: string[],
  options: { endSessions: boolean },
): Promise<number> {
  const problem = problemOfRoles(roles)
  if (problem !== null) return complain(problem)
  return withAccount(address, (deps, actor, account) => setRoles(deps, actor, { account, roles, ...options }))
}

/** Replaces the claims of an account by a JSON object. */
export async function replaceClaims(address: string, json: string, options: { endSessions: boolean }): Promise<number> {
  const claims = parseJson(json)
  const problem = problemOfClaims(claims)
  if (problem !== null) return complain(problem)
  return withAccount(
    address,
    async (deps, actor, account) => {
      const schemas = await readJsonSchemas(deps.config)
      return setClaims({ ...deps, schemas }, actor, { account, claims, ...options })
    },
    ['CLAIMS_SCHEMA_FILE'],
  )
}

function parseJson(json: string): unknown {
  try {
    return JSON.parse(json)
  } catch {
    return undefined
  }
}
