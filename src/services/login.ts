import type { ClientInfo, Deps, IssuedTokens } from './deps'
import { recordEvent } from './steps/audit'
import { commit } from './steps/commit'
import { InputReader } from './steps/inputReader'
import { issueTokens } from './steps/issueTokens'
import { attemptAt, failureKeyOf, requireKnownDevice, uncountLoginGuess } from './steps/loginGuesses'
import { recordOfLogin, startSession } from './steps/startSession'
import { hashRequestOf } from './steps/hashRequestOf'
import {
  EmailNotVerifiedError,
  InvalidCredentialsError,
  OverloadedError,
  SecondFactorRequiredError,
} from '../errors/userErrors'
import type { SessionView } from '../store/sessions'
import { type Account, findLogin, lockForLogin, toAccount, upgradePasswordHash } from '../store/users'

type Needs = Pick<
  Deps,
  'clock' | 'config' | 'database' | 'hasher' | 'secrets' | 'accessTokens' | 'sessionCache' | 'logger' | 'sampledLog'
>

/**
 * Starts a session if the password is that of a verified account, and ends the session of the browser's cookie. An unknown
 * address costs the same hashes, inside the hasher, and gets the same response. Throws InvalidInputError,
 * InvalidCredentialsError, EmailNotVerifiedError or SecondFactorRequiredError (only if the password is right),
 * RateLimitedError or OverloadedError.
 */
export async function login(
  deps: Needs,
  client: ClientInfo,
  input: { email: string; password: string; cookieToken: string | null },
): Promise<{ account: Account; session: SessionView; tokens: IssuedTokens }> {
  const { database, hasher } = deps
  const read = new InputReader()
  const email = read.email('email', input.email)
  const password = read.password('password', input.password)
  read.done()

  const request = hashRequestOf(client)
  hasher.assertCapacity(request)
  const { user, waitingHash, isCounted } = await findLogin(database.prisma, attemptAt(deps, email))
  if (!isCounted)
    await requireKnownDevice(deps, client, { email, userId: user?.id ?? null, cookieToken: input.cookieToken })
  const compared = hasher.compareInOneEntry(request, async (compare) => {
    const account = await compare(password, user?.passwordHash ?? null)
    if (account.valid && user?.emailVerifiedAt && !user.disabledAt) return { account, registration: null }
    // Every failed login costs two hashes. The password of a pending registration gives EMAIL_NOT_VERIFIED whether or not the
    // address has a verified account: otherwise registering and then logging in would reveal the account.
    return { account, registration: await compare(password, waitingHash) }
  })
  const { account, registration } = await compared.catch(async (error: unknown) => {
    await uncountLoginGuess(deps, email)
    throw error
  })
  if (!user || registration) {
    const isOwnPassword = account.valid && user && !user.disabledAt
    if (!registration?.valid && !isOwnPassword) return refuse(deps, client, user?.id ?? null)
    // The guess stays counted: an attacker who registers the address must not reset the count of failed logins.
    deps.sampledLog(client.log, { event: 'login_unverified', userId: user?.id ?? null })
    throw new EmailNotVerifiedError()
  }

  const upgrade = account.outdated ? await hashAnew(deps, client, password) : null
  const started = await commit(deps, client, async (tx) => {
    if (!(await lockForLogin(tx, user, failureKeyOf(deps, email)))) return { result: null, event: null, invalidate: [] }
    if (upgrade) await upgradePasswordHash(tx, user, upgrade)
    const authentication = { aal: 1, amr: ['pwd'] }
    const result = await startSession(deps, tx, { client, user, cookieToken: input.cookieToken, authentication })
    return { result, ...recordOfLogin(result, user.id) }
  })
  if (!started) return refuse(deps, client, user.id) // reset, changed or disabled while the hash was compared

  if (started.kind === 'secondFactor') {
    throw new SecondFactorRequiredError(started)
  }
  const { session, refreshToken } = started
  return { account: toAccount(user), session, tokens: issueTokens(deps, { userId: user.id, session, refreshToken }) }
}

async function refuse(deps: Needs, client: ClientInfo, userId: string | null): Promise<never> {
  await recordEvent(deps, client, { type: 'login_failed', userId })
  throw new InvalidCredentialsError()
}

/** The password hashed with the current algorithm and cost; null if the hash queue is full: the next login retries. */
async function hashAnew({ hasher }: Needs, client: ClientInfo, password: string): Promise<string | null> {
  try {
    return await hasher.hash(password, hashRequestOf(client))
  } catch (error) {
    if (error instanceof OverloadedError) return null
    throw error
  }
}
