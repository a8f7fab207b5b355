import { v7 as uuidv7 } from 'uuid'
import type { ClientInfo, Deps, Viewer } from './deps'
import { commit } from './steps/commit'
import { InputReader } from './steps/inputReader'
import { requireRecentProof } from './steps/recentProof'
import { SECOND_FACTOR } from '../config/defaults'
import { newTotpSecret, otpauthUri, toBase32 } from '../crypto/totp'
import { sealTotpSecret } from '../crypto/totpSeal'
import { UnauthenticatedError } from '../errors/requestErrors'
import { later } from '../lib/clock'
import { replaceEnrolment } from '../store/secondFactors'
import { lockUser } from '../store/users'

type Needs = Pick<Deps, 'clock' | 'config' | 'database' | 'secrets' | 'sessionCache' | 'logger' | 'sampledLog'>

/** The default name of a factor. */
const DEFAULT_NAME = 'Authenticator app'

/**
 * Starts the enrolment of an authenticator app. Logins do not change until `confirmTotp`. Replaces a pending enrolment.
 * Throws InvalidInputError or StepUpRequiredError.
 */
export async function enrollTotp(
  deps: Needs,
  { client, viewer }: { client: ClientInfo; viewer: Viewer },
  input: { name?: string | null },
): Promise<{ factorId: string; uri: string; secret: string; expiresAt: Date }> {
  const { config, secrets } = deps
  const read = new InputReader()
  const name = read.displayName('name', input.name) ?? DEFAULT_NAME
  read.done()
  const { factors } = await requireRecentProof(deps, viewer)
  if (factors.length >= SECOND_FACTOR.maxFactors) read.refuse('factor', 'UNSUPPORTED', SECOND_FACTOR.maxFactors)
  read.done()

  const { id: userId, email } = viewer.account
  const [factorId, secret] = [uuidv7(), newTotpSecret()]
  const secretSealed = sealTotpSecret(secrets, factorId, secret)
  const enrolledAt = await commit(deps, client, async (tx, now) => {
    if (!(await lockUser(tx, userId))) throw new UnauthenticatedError('the account is gone')
    await replaceEnrolment(tx, { id: factorId, userId, name, secretSealed, now })
    return { result: now, event: null, invalidate: [] } // nothing of the account has changed yet
  })
  return {
    factorId,
    uri: otpauthUri({ secret, issuer: config.appName, account: email }),
    secret: toBase32(secret),
    expiresAt: later(enrolledAt, SECOND_FACTOR.enrolmentLife),
  }
}
