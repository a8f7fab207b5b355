import type { Deps } from './deps'
import { relyingParty } from './steps/passkeyProof'
import { PASSKEY } from '../config/defaults'
import { requestOptions } from '../crypto/passkey'
import { digest, newOpaqueToken } from '../crypto/opaqueToken'
import { later } from '../lib/clock'
import { createChallenge } from '../store/challenges'

export interface PasskeyCeremony {
  challenge: string
  options: Record<string, unknown>
  expiresAt: Date
}

/**
 * Starts a login without a name: it takes nothing, so its answer can reveal no account (WebAuthn L3 §14.6.2). The challenge is
 * also accepted by `stepUp`.
 */
export async function startPasskeyLogin(deps: Pick<Deps, 'clock' | 'config' | 'database'>): Promise<PasskeyCeremony> {
  const now = deps.clock.now()
  const challenge = newOpaqueToken()
  const expiresAt = later(now, PASSKEY.challengeLife)
  const row = { purpose: 'PASSKEY_LOGIN', tokenHash: digest(challenge), maxAttempts: 1, now, expiresAt } as const
  await createChallenge(deps.database.prisma, row)
  return { challenge, expiresAt, options: requestOptions(relyingParty(deps), { challenge, allowed: [] }) }
}
