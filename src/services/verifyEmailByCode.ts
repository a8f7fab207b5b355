import type { ClientInfo, Deps } from './deps'
import { commit } from './steps/commit'
import { admitCodeAttempt } from './steps/mailedCode'
import { resetTokenFor } from './steps/resetTokenFor'
import { verifyAddress } from './steps/verifyAddress'
import { isMailedCode } from '../crypto/mailedCode'
import { InvalidTokenError, WrongMailedCodeError } from '../errors/userErrors'
import { type AdmittedCode, consumeChallenge } from '../store/challenges'
import type { Transaction } from '../store/database'
import { useUpVerificationLinks } from '../store/oneTimeTokens'
import { activateRegistration, deleteOtherRegistrations, isWaiting, waitingRegistrations } from '../store/registrations'
import { NO_PASSWORD, type UserRow, lockAccount } from '../store/users'

type Needs = Pick<Deps, 'clock' | 'config' | 'database' | 'secrets' | 'sessionCache'>

/**
 * Verifies an address by the code of the verification mail, and logs nobody in. The client holds the challenge that
 * `register` returned together with its registration: so that one is activated even if several wait, and the others are
 * deleted. A challenge of `resendVerification` belongs to no registration and does what the mail's link does. Throws
 * InvalidInputError, InvalidTokenError, ExpiredTokenError or InvalidCredentialsError.
 */
export async function verifyEmailByCode(
  deps: Needs,
  client: ClientInfo,
  input: { challenge: string; code: string },
): Promise<{ email: string; resetToken: string | null }> {
  const { attempt, code } = await admitCodeAttempt(deps, 'VERIFY_CODE', input)
  const { email } = attempt
  if (!isMailedCode(deps.secrets, attempt, code) || email === null) throw new WrongMailedCodeError()

  const resetToken = await commit(deps, client, async (tx, now) => {
    const user = await lockAccount(tx, { email })
    // The challenge of a taken address has a code too, which is never mailed.
    if (!user || user.emailVerifiedAt || user.disabledAt) throw new WrongMailedCodeError()
    if (!(await consumeChallenge(tx, attempt.id, now))) throw new InvalidTokenError()
    const passwordHash = await verify(tx, { user, attempt }, { locale: client.locale, now })
    const link = { id: attempt.id, userId: user.id, email }
    return {
      result: passwordHash === NO_PASSWORD ? await resetTokenFor(deps, tx, { link, now }) : null,
      event: { type: 'email_verified', userId: user.id },
      invalidate: [{ kind: 'user', id: user.id }],
    }
  })
  return { email, resetToken }
}

/** Resolves to the password hash that the account then has; null: that of its registration. */
async function verify(
  tx: Transaction,
  { user, attempt }: { user: UserRow; attempt: AdmittedCode },
  by: { locale: string; now: Date },
): Promise<string | null> {
  const registrationId = await registrationOf(tx, user, attempt)
  if (registrationId === null) return verifyAddress(tx, user, by)
  await deleteOtherRegistrations(tx, user.id, registrationId) // first: the database activates none of several
  await activateRegistration(tx, registrationId, by.now)
  await useUpVerificationLinks(tx, user.id, by.now)
  return null
}

/** The client's own registration, or the only one; null for an imported account, whose password may be the owner's. */
async function registrationOf(
  tx: Transaction,
  user: UserRow,
  { registrationId }: AdmittedCode,
): Promise<string | null> {
  if (user.importedAt) return null
  if (registrationId !== null) return (await isWaiting(tx, registrationId, user.id)) ? registrationId : null
  const [registration, ...others] = await waitingRegistrations(tx, user.id)
  return registration && others.length === 0 ? registration.id : null
}
