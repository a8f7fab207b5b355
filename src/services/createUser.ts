import { v7 as uuidv7 } from 'uuid'
import type { Actor, Deps } from './deps'
import { type ChangeDeps, commit } from './steps/commit'
import { problemOfRoles, readClaims } from './steps/grantRules'
import { InputReader } from './steps/inputReader'
import { MAIL } from '../config/defaults'
import { AlreadyExistsError } from '../errors/userErrors'
import { later } from '../lib/clock'
import { isKeptFromOthers } from '../store/formerEmails'
import { insertOperatedUser } from '../store/operatedUsers'
import { queueMail } from '../store/outbox'

interface NewUser {
  email: string
  displayName?: string | null
  locale?: string | null
  roles?: string[]
  claims?: unknown
}

/**
 * Creates an account without a password; a mail invites its owner to choose one, which verifies the address. It replaces a
 * registration that nobody has verified. Resolves to the account's id. Throws InvalidInputError or AlreadyExistsError.
 */
export async function createUser(
  deps: ChangeDeps & Pick<Deps, 'schemas'>,
  actor: Actor,
  input: NewUser,
): Promise<string> {
  const read = new InputReader()
  const email = read.email('email', input.email)
  const displayName = read.displayName('displayName', input.displayName)
  const locale = read.locale('locale', input.locale, 'en')
  const { roles = [] } = input
  const claims = readClaims(read, input.claims ?? {}, deps.schemas.claims)
  if (problemOfRoles(roles) !== null) read.refuse('roles', 'INVALID_FORMAT')
  read.done()

  return commit(deps, actor, async (tx, now) => {
    if (await isKeptFromOthers(tx, { email, userId: null, now })) throw new AlreadyExistsError()
    const id = uuidv7()
    const grants = { roles: [...new Set(roles)], claims }
    if (!(await insertOperatedUser(tx, { id, email, displayName, locale, ...grants, now })))
      throw new AlreadyExistsError()
    const expiresAt = later(now, MAIL.invitationLife)
    await queueMail(tx, { name: 'invitation', recipient: email, userId: id, locale, now, expiresAt })
    return { result: id, event: { type: 'user_created', userId: id }, invalidate: [] }
  })
}
