import type { Grants } from '../lib/grants'

/** Whose form the roles and claims of a token take, besides `roles`. */
export type ClaimsTemplate = 'namespace' | 'hasura' | 'postgrest'

/** The configured claims of access tokens. */
export interface TokenClaims {
  template: ClaimsTemplate
  /** The name under which a token holds the claims of its user. */
  namespace: string
  /** Audiences beside this server. */
  audience: readonly string[]
  /** RFC 9068 §2.2 demands `client_id`, which the release before does not accept: null until every instance does. */
  clientId: string | null
}

/** Hasura refuses a token without its claim: a user without roles has this one. */
const HASURA_ROLE = 'user'

/** The claims that say what operators granted: `roles` (RFC 9068 §2.2.3.1), and what the template adds. */
export function grantedClaims(
  { template, namespace }: TokenClaims,
  userId: string,
  { roles, claims }: Grants,
): Record<string, unknown> {
  const own = {
    ...(roles.length > 0 && { roles }),
    ...(Object.keys(claims).length > 0 && { [namespace]: claims }),
  }
  switch (template) {
    case 'namespace':
      return own
    case 'hasura':
      return { ...own, 'https://hasura.io/jwt/claims': hasuraClaims(userId, roles) }
    case 'postgrest':
      return { ...own, ...(roles[0] !== undefined && { role: roles[0] }) }
    default:
      return template satisfies never
  }
}

function hasuraClaims(userId: string, roles: readonly string[]) {
  const allowed = roles.length > 0 ? roles : [HASURA_ROLE]
  return { 'x-hasura-user-id': userId, 'x-hasura-default-role': allowed[0], 'x-hasura-allowed-roles': allowed }
}
