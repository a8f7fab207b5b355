import type { TestApp } from './app'
import { loggedIn } from './people'
import { verifiedPerson } from './people'

/** The answer of the operator API: `code` is that of the top-level error, of the failure in `result`, or SUCCESS. */
export interface OperatorAnswer {
  status: number
  code: string
  /** The field named `result` in the document. */
  result: Record<string, unknown>
  text: string
}

interface Body {
  data?: { result?: Record<string, unknown> | null } | null
  errors?: { extensions: { code: string } }[]
}

/** Sends a document to the operator API, or to the one at `path`, with a token or without. */
export async function operate(
  url: string,
  query: string,
  {
    token,
    variables,
    path = '/operator/graphql',
  }: { token?: string | undefined; variables?: Record<string, unknown>; path?: string } = {},
): Promise<OperatorAnswer> {
  const response = await fetch(`${url}${path}`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    },
    body: JSON.stringify({ query, variables }),
  })
  const text = await response.text()
  const { data, errors } = (response.status === 404 ? {} : JSON.parse(text)) as Body
  const result = data?.result ?? {}
  const code = errors?.[0]?.extensions.code ?? (typeof result.code === 'string' ? result.code : 'SUCCESS')
  return { status: response.status, code, result, text }
}

/** The document that calls a mutation with its input as a variable; `selection` is of its success. */
export function operatorDocument(name: string, selection: string): string {
  const capital = name.slice(0, 1).toUpperCase() + name.slice(1)
  return `mutation ($input: ${capital}Input!) { result: ${name}(input: $input) {
    ... on ${capital}Success { ${selection} }
    ... on UserError { code message }
    ... on InvalidInputError { fields { field code } }
    ... on StepUpRequiredError { methods maxAge }
    ... on ForbiddenScopeError { scope } } }`
}

/** Calls a mutation of the operator API. */
export function change(
  app: Pick<TestApp, 'url'>,
  name: string,
  { token, input, selection }: { token: string | undefined; input: unknown; selection: string },
): Promise<OperatorAnswer> {
  return operate(app.url, operatorDocument(name, selection), { token, variables: { input } })
}

/**
 * A person with these roles and a session of this level, whose last proof was `minutes` ago: written to the database, for tests
 * whose subject is what such a person may do.
 */
export async function personWithRoles(
  app: TestApp,
  { roles, aal, minutes = 0 }: { roles: string[]; aal: 1 | 2; minutes?: number },
): Promise<{ id: string; email: string; token: string }> {
  const email = await verifiedPerson(app)
  const { user, session, tokens } = await loggedIn(app, email)
  const { pool } = app.app.deps.database
  await pool.query('UPDATE users SET roles = $2 WHERE id = $1', [user.id, roles])
  const provedAt = new Date(app.clock.now().getTime() - minutes * 60_000)
  await pool.query('UPDATE sessions SET aal = $2, authenticated_at = $3 WHERE id = $1', [session.id, aal, provedAt])
  return { id: user.id, email, token: tokens.accessToken }
}
