import { MAILED_CODE } from '../../config/defaults'
import { readMailedCode } from '../../crypto/mailedCode'
import { digest, isOpaqueToken, newOpaqueToken } from '../../crypto/opaqueToken'
import { ExpiredTokenError, InvalidTokenError } from '../../errors/userErrors'
import { later } from '../../lib/clock'
import { type AdmittedCode, admitCode, createChallenge, hasExpired } from '../../store/challenges'
import type { Transaction } from '../../store/database'
import type { Deps } from '../deps'
import { InputReader } from './inputReader'

type CodePurpose = 'LOGIN_CODE' | 'VERIFY_CODE'

/** What the client that asked for a mailed code holds. */
export interface CodeChallenge {
  challenge: string
  expiresAt: Date
}

/**
 * Creates the challenge of a code that is about to be mailed. Whoever asks again does not invalidate the earlier one:
 * otherwise a stranger could keep the owner out by asking.
 */
export async function createCodeChallenge(
  { config }: Pick<Deps, 'config'>,
  tx: Transaction,
  owner: { purpose: CodePurpose; email: string; registrationId?: string; device?: string | null; now: Date },
): Promise<CodeChallenge & { challengeId: string }> {
  const challenge = newOpaqueToken()
  const expiresAt = later(owner.now, config.loginCodeTtl)
  const row = { ...owner, tokenHash: digest(challenge), maxAttempts: MAILED_CODE.attempts, expiresAt }
  return { challenge, expiresAt, challengeId: await createChallenge(tx, row) }
}

/**
 * Counts an attempt at a mailed code before it is compared. Throws an InvalidInputError for a malformed code, an
 * InvalidTokenError for a challenge that is unknown, used or without attempts, an ExpiredTokenError.
 */
export async function admitCodeAttempt(
  { clock, database }: Pick<Deps, 'clock' | 'database'>,
  purpose: CodePurpose,
  input: { challenge: string; code: string },
): Promise<{ attempt: AdmittedCode; code: string }> {
  const read = new InputReader()
  const code = readMailedCode(input.code) ?? read.refuse('code', 'INVALID_FORMAT', MAILED_CODE.digits)
  read.done()
  if (!isOpaqueToken(input.challenge)) throw new InvalidTokenError()

  const key = { purpose, tokenHash: digest(input.challenge), now: clock.now() }
  const attempt = await admitCode(database.prisma, key)
  if (attempt) return { attempt, code }
  throw (await hasExpired(database.prisma, key)) ? new ExpiredTokenError() : new InvalidTokenError()
}
