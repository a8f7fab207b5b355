import { printAccount, withChange } from './changes'
import { optionsOf } from './optionsOf'
import { entriesOf } from '../config/accepted'
import { readJsonSchemas } from '../config/jsonSchemas'
import { createUser } from '../services/createUser'

const OPTIONS = { name: { type: 'string' }, locale: { type: 'string' }, roles: { type: 'string' } } as const

/**
 * Creates an account without a password, and prints it; a mail invites its owner to choose one. Resolves to the exit code, or to
 * null if the options are wrong.
 */
export async function createUserOf(args: string[]): Promise<number | null> {
  const parsed = optionsOf(args, OPTIONS)
  if (parsed?.word === undefined) return null
  const { word: email, values } = parsed
  const input = {
    email,
    displayName: values.name ?? null,
    locale: values.locale ?? null,
    roles: entriesOf(values.roles ?? ''),
  }
  return withChange(async ({ deps, actor, database }) => {
    const schemas = await readJsonSchemas(deps.config)
    return printAccount(database, await createUser({ ...deps, schemas }, actor, input))
  })
}
