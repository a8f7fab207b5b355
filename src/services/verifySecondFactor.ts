import type { Account, ClientInfo, Deps, IssuedTokens } from './deps'
import { commit } from './steps/commit'
import { InputReader } from './steps/inputReader'
import { warnOfCopy } from './steps/passkeyProof'
import { issueTokens } from './steps/issueTokens'
import {
  type SecondFactorInput,
  admitProof,
  amrWith,
  comparableProof,
  methodsOf,
  readSecondFactorProof,
  refundProof,
  refuseProof,
  useProof,
} from './steps/secondFactor'
import { recordOfLogin, startSession } from './steps/startSession'
import { digest, isOpaqueToken } from '../crypto/opaqueToken'
import { InvalidTokenError } from '../errors/userErrors'
import { admitAttempt, consumeChallenge, isConsumed } from '../store/challenges'
import type { SessionView } from '../store/sessions'
import { findUser, lockIfPasswordUnchanged, toAccount } from '../store/users'

type Needs = Pick<
  Deps,
  | 'clock'
  | 'config'
  | 'database'
  | 'secrets'
  | 'accessTokens'
  | 'sessionCache'
  | 'limiter'
  | 'logger'
  | 'sampledLog'
  | 'metrics'
>

/**
 * The second step of a login. An unknown, an expired and a used challenge give the same error; after a wrong proof the
 * challenge stays valid for its remaining attempts. Throws InvalidInputError, InvalidTokenError,
 * InvalidCredentialsError or RateLimitedError.
 */
export async function verifySecondFactor(
  deps: Needs,
  client: ClientInfo,
  input: SecondFactorInput & { challenge: string; cookieToken: string | null },
): Promise<{ account: Account; session: SessionView; tokens: IssuedTokens }> {
  const { clock, database, metrics } = deps
  const read = new InputReader()
  const proof = readSecondFactorProof(read, input)
  if (!proof) read.refuse('totp', 'REQUIRED')
  read.done()
  if (!proof || !isOpaqueToken(input.challenge)) throw new InvalidTokenError()

  const tokenHash = digest(input.challenge)
  const attempt = await admitAttempt(database.prisma, { purpose: 'SECOND_FACTOR', tokenHash, now: clock.now() })
  if (!attempt) throw new InvalidTokenError()
  const { userId, passwordChangedAt } = attempt
  const charges = await admitProof(deps, client, userId)
  const compared = await comparableProof(deps, client, { proof, challenge: input.challenge, userId })
  if (!compared) return refuseProof(deps, client, { userId, kind: proof.kind })

  const started = await commit(deps, client, async (tx, now) => {
    // A changed or reset password invalidates challenges that were created with the earlier one.
    if (!(await lockIfPasswordUnchanged(tx, { id: userId, passwordChangedAt }))) throw new InvalidTokenError()
    if (!(await useProof(deps, tx, { userId, proof: compared }))) return { result: null, event: null, invalidate: [] }
    if (!(await consumeChallenge(tx, attempt.id, now))) throw new InvalidTokenError()
    const user = await findUser(tx, userId)
    if (!user) throw new InvalidTokenError()
    const authentication = { aal: 2 as const, amr: amrWith(attempt.amr, methodsOf(compared)) }
    const login = await startSession(deps, tx, { client, user, cookieToken: input.cookieToken, authentication })
    return {
      result: { ...login, account: toAccount(user) },
      ...recordOfLogin(login, userId, { secondFactor: proof.kind }),
    }
  })
  if (!started) {
    // The same response sent twice is no copy: the first use has consumed the challenge.
    const isReplay = await isConsumed(database.prisma, attempt.id)
    if (compared.kind === 'PASSKEY' && !isReplay) await warnOfCopy(deps, client, compared)
    return refuseProof(deps, client, { userId, kind: proof.kind })
  }

  refundProof(deps, client, charges)
  metrics.secondFactorProofs.inc({ kind: proof.kind, outcome: 'right' })
  const { account, session, refreshToken } = started
  return { account, session, tokens: issueTokens(deps, { userId, session, refreshToken }) }
}
