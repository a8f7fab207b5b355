import type { ClientInfo, Deps, IssuedTokens } from './deps'
import { auditOf, logEvent } from './steps/audit'
import { InputReader } from './steps/input'
import { issueTokens } from './steps/issueTokens'
import { admitGuess, forgetGuesses, takeBackGuess } from './steps/loginGuesses'
import { startSession } from './steps/startSession'
import { hashRequestOf } from './steps/hashRequestOf'
import { EmailNotVerifiedError, InvalidCredentialsError, OverloadedError } from '../errors/userErrors'
import { insertAuditEvent } from '../store/auditEvents'
import { newestWaitingHash } from '../store/registrations'
import type { SessionView } from '../store/sessions'
import { type Account, findUserByEmail, lockChecked, upgradePasswordHash } from '../store/users'

type Needs = Pick<
  Deps,
  'clock' | 'config' | 'database' | 'hasher' | 'secrets' | 'accessTokens' | 'sessionCache' | 'logger' | 'sampledLog'
>

/**
 * Opens a session for the right password of a verified account, and ends the one of the browser's cookie. An unknown
 * address costs the same hashes, inside the hasher, and gives the same answer. Throws InvalidInputError,
 * InvalidCredentialsError, EmailNotVerifiedError (only to one who knows the password of a registration that waits) or
 * RateLimitedError or OverloadedError.
 */
export async function login(
  deps: Needs,
  client: ClientInfo,
  input: { email: string; password: string; cookieToken: string | null },
): Promise<{ account: Account; session: SessionView; tokens: IssuedTokens }> {
  const { clock, database, hasher, sessionCache, logger } = deps
  const read = new InputReader()
  const email = read.email('email', input.email)
  const password = read.password('password', input.password)
  read.done()

  const request = hashRequestOf(client)
  hasher.assertCapacity(request)
  const user = await findUserByEmail(database.prisma, email)
  await admitGuess(deps, client, { email, userId: user?.id ?? null, cookieToken: input.cookieToken })
  const compare = (hash: string | null) =>
    hasher.verify(password, hash, request).catch(async (error: unknown) => {
      await takeBackGuess(deps, email)
      throw error
    })
  const { valid, outdated } = await compare(user?.passwordHash ?? null)
  if (!user || !valid || !user.emailVerifiedAt || user.disabledAt) {
    // The password of a registration that waits is told from a wrong one whether or not the address has a verified account:
    // registering and then logging in tells nobody which. So whatever fails costs two hashes.
    const waiting = await compare(await newestWaitingHash(database.prisma, email))
    if (!waiting.valid && !(user && valid && !user.disabledAt)) return refuse(deps, client, user?.id ?? null)
    // The guess stays counted: a stranger's own registration of the address must not renew their guesses at it.
    deps.sampledLog({ event: 'login_unverified', userId: user?.id ?? null, requestId: client.requestId })
    throw new EmailNotVerifiedError()
  }

  const upgrade = outdated ? await hashAnew(deps, client, password) : null
  const event = auditOf(client, { type: 'login_succeeded', userId: user.id, now: clock.now() })
  const started = await database.transaction(async (tx) => {
    if (!(await lockChecked(tx, user))) return null
    if (upgrade) await upgradePasswordHash(tx, user, upgrade)
    await forgetGuesses(deps, tx, email)
    await insertAuditEvent(tx, event)
    return startSession(deps, tx, { client, userId: user.id, cookieToken: input.cookieToken })
  })
  if (!started) return refuse(deps, client, user.id) // reset, changed or disabled while the hash was compared

  logEvent(logger, event, client)
  const { session, refreshToken, endedIds } = started
  for (const id of endedIds) sessionCache.invalidate({ kind: 'session', id })
  return { account: user, session, tokens: issueTokens(deps, { userId: user.id, session, refreshToken }) }
}

async function refuse({ clock, database, logger }: Needs, client: ClientInfo, userId: string | null): Promise<never> {
  const event = auditOf(client, { type: 'login_failed', userId, now: clock.now() })
  await insertAuditEvent(database.prisma, event)
  logEvent(logger, event, client)
  throw new InvalidCredentialsError()
}

/** The password hashed with the current algorithm and cost; null if the hash queue is full: the next login tries again. */
async function hashAnew({ hasher }: Needs, client: ClientInfo, password: string): Promise<string | null> {
  try {
    return await hasher.hash(password, hashRequestOf(client))
  } catch (error) {
    if (error instanceof OverloadedError) return null
    throw error
  }
}
