import { SECOND_FACTOR } from '../../config/defaults'
import { newRecoveryCode, readRecoveryCode, recoveryCodeDigest } from '../../crypto/recoveryCode'
import type { Transaction } from '../../store/database'
import { replaceRecoveryCodes } from '../../store/secondFactors'

/** Ten new codes instead of all before, to be shown once: only their digests are stored. Call with the account locked. */
export async function recoveryCodesFor(tx: Transaction, userId: string, now: Date): Promise<string[]> {
  const codes = Array.from({ length: SECOND_FACTOR.recoveryCodes }, newRecoveryCode)
  const hashes = codes.map((code) => recoveryCodeDigest(userId, readRecoveryCode(code) ?? ''))
  await replaceRecoveryCodes(tx, { userId, hashes, now })
  return codes
}
