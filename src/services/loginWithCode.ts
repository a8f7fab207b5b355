import type { Account, ClientInfo, Deps, IssuedTokens } from './deps'
import { recordEvent } from './steps/audit'
import { commit } from './steps/commit'
import { issueTokens } from './steps/issueTokens'
import { resetLoginGuesses } from './steps/loginGuesses'
import { admitCodeAttempt } from './steps/mailedCode'
import { recordOfLogin, startSession } from './steps/startSession'
import { verifyAddress } from './steps/verifyAddress'
import { isMailedCode } from '../crypto/mailedCode'
import { InvalidTokenError, SecondFactorRequiredError, WrongMailedCodeError } from '../errors/userErrors'
import { consumeChallenge } from '../store/challenges'
import type { Transaction } from '../store/database'
import { isKeptFromOthers } from '../store/formerEmails'
import type { SessionView } from '../store/sessions'
import { type UserRow, createVerifiedUser, findUserByEmail, lockAccount, toAccount } from '../store/users'

type Needs = Pick<
  Deps,
  'clock' | 'config' | 'database' | 'secrets' | 'accessTokens' | 'sessionCache' | 'logger' | 'sampledLog'
>

/**
 * Starts a session by a mailed code and the challenge of the client that asked for it. The code proves the mailbox, so it
 * verifies an unverified address as a reset does; with SIGN_UP_BY_CODE an unknown address gets an account without a
 * password. Throws InvalidInputError, InvalidTokenError, ExpiredTokenError, InvalidCredentialsError or
 * SecondFactorRequiredError.
 */
export async function loginWithCode(
  deps: Needs,
  client: ClientInfo,
  input: { challenge: string; code: string; cookieToken: string | null },
): Promise<{ account: Account; session: SessionView; tokens: IssuedTokens }> {
  const { attempt, code } = await admitCodeAttempt(deps, 'LOGIN_CODE', input)
  const { id, email } = attempt
  if (!isMailedCode(deps.secrets, attempt, code) || email === null) return refuse(deps, client, email)

  const started = await commit(deps, client, async (tx, now) => {
    const found = await lockAccount(tx, { email }) // before the challenge: whoever invalidates codes locks in this order
    if (!(await consumeChallenge(tx, id, now))) throw new InvalidTokenError()
    const user = await accountOfCode(deps, tx, { found, client, email, now })
    if (!user) return { result: null, event: null, invalidate: [] }
    const verified = found?.emailVerifiedAt ? [] : [{ type: 'email_verified' as const, userId: user.id }]
    await resetLoginGuesses(deps, tx, email)
    const authentication = { aal: 1, amr: ['otp'] }
    const login = await startSession(deps, tx, { client, user, cookieToken: input.cookieToken, authentication })
    const { event, invalidate } = recordOfLogin(login, user.id, { way: 'MAILED_CODE' })
    return { result: { login, account: toAccount(user) }, event: [...verified, ...[event].flat()], invalidate }
  })
  if (!started) return refuse(deps, client, email)

  const { login, account } = started
  if (login.kind === 'secondFactor') {
    throw new SecondFactorRequiredError(login)
  }
  const { session, refreshToken } = login
  return { account, session, tokens: issueTokens(deps, { userId: account.id, session, refreshToken }) }
}

/** The locked account, verified by the code or new; null if it may not log in. */
async function accountOfCode(
  { config }: Needs,
  tx: Transaction,
  { found, client, email, now }: { found: UserRow | null; client: ClientInfo; email: string; now: Date },
): Promise<UserRow | null> {
  const { locale } = client
  if (!found && !config.signUpByCode) return null
  // Its code was mailed before the account of the address changed to another one.
  if (!found && (await isKeptFromOthers(tx, { email, userId: null, now }))) return null
  const user = found ?? (await createVerifiedUser(tx, { email, locale, now }))
  if (!user || user.disabledAt) return null
  if (found?.emailVerifiedAt) return found
  if (found) await verifyAddress(tx, found, { locale, now })
  return findUserByEmail(tx, email)
}

async function refuse(deps: Needs, client: ClientInfo, email: string | null): Promise<never> {
  const user = await findUserByEmail(deps.database.prisma, email ?? '') // the same work for every challenge
  await recordEvent(deps, client, { type: 'login_failed', userId: user?.id ?? null })
  throw new WrongMailedCodeError()
}
