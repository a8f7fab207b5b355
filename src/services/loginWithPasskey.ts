import type { Account, ClientInfo, Deps, IssuedTokens } from './deps'
import { recordEvent } from './steps/audit'
import { commit } from './steps/commit'
import { issueTokens } from './steps/issueTokens'
import { resetLoginGuesses } from './steps/loginGuesses'
import {
  type PasskeyProof,
  consumePasskeyChallenge,
  methodsOfPasskey,
  usePasskey,
  verifyPasskey,
  warnOfCopy,
} from './steps/passkeyProof'
import { recordOfLogin, startSession } from './steps/startSession'
import { amrWith } from './steps/secondFactor'
import { PasskeyRefusedError } from '../errors/userErrors'
import type { SessionView } from '../store/sessions'
import { findUser, lockUser, toAccount } from '../store/users'

type Needs = Pick<
  Deps,
  'clock' | 'config' | 'database' | 'secrets' | 'accessTokens' | 'sessionCache' | 'logger' | 'sampledLog'
>

/**
 * Starts a session by a passkey with user verification, which is two factors (NIST SP 800-63B): nothing more is asked for.
 * Throws InvalidTokenError, ExpiredTokenError or InvalidCredentialsError.
 */
export async function loginWithPasskey(
  deps: Needs,
  client: ClientInfo,
  input: { challenge: string; response: Record<string, unknown>; cookieToken: string | null },
): Promise<{ account: Account; session: SessionView; tokens: IssuedTokens }> {
  await consumePasskeyChallenge(deps, 'PASSKEY_LOGIN', input.challenge)
  const proof = await verified(deps, client, input)
  const { userId } = proof.passkey

  const started = await commit(deps, client, async (tx, now) => {
    await lockUser(tx, userId)
    const user = await findUser(tx, userId)
    if (!user?.emailVerifiedAt || user.disabledAt) throw new PasskeyRefusedError()
    if (!(await usePasskey(tx, proof, now))) return { result: null, event: null, invalidate: [] }
    await resetLoginGuesses(deps, tx, user.email)
    const authentication = { aal: 2 as const, amr: amrWith([], methodsOfPasskey(proof.assertion)) }
    const session = await startSession(deps, tx, { client, user, cookieToken: input.cookieToken, authentication })
    return { result: { ...session, account: toAccount(user) }, ...recordOfLogin(session, userId, { way: 'PASSKEY' }) }
  })
  if (!started) {
    await warnOfCopy(deps, client, proof)
    throw new PasskeyRefusedError()
  }

  const { account, session, refreshToken } = started
  return { account, session, tokens: issueTokens(deps, { userId, session, refreshToken }) }
}

/** Records a refused response as a failed login. */
async function verified(
  deps: Needs,
  client: ClientInfo,
  { challenge, response }: { challenge: string; response: Record<string, unknown> },
): Promise<PasskeyProof> {
  try {
    return await verifyPasskey(deps, client, { challenge, response, userId: null })
  } catch (error) {
    if (error instanceof PasskeyRefusedError) await recordEvent(deps, client, { type: 'login_failed', userId: null })
    throw error
  }
}
