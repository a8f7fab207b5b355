import type { Deps, Viewer } from './deps'
import type { PasskeyCeremony } from './startPasskeyLogin'
import { relyingParty } from './steps/passkeyProof'
import { requireRecentProof } from './steps/recentProof'
import { PASSKEY } from '../config/defaults'
import { creationOptions } from '../crypto/passkey'
import { digest, newOpaqueToken } from '../crypto/opaqueToken'
import { later } from '../lib/clock'
import { createChallenge } from '../store/challenges'
import { listPasskeys } from '../store/passkeys'

type Needs = Pick<Deps, 'clock' | 'config' | 'database' | 'secrets' | 'logger' | 'sampledLog'>

/** Starts to add a passkey; nothing changes until `registerPasskey`. Throws StepUpRequiredError. */
export async function startPasskeyRegistration(deps: Needs, viewer: Viewer): Promise<PasskeyCeremony> {
  await requireRecentProof(deps, viewer)
  const { account, session } = viewer
  const existing = await listPasskeys(deps.database.prisma, account.id)
  const now = deps.clock.now()
  const challenge = newOpaqueToken()
  const expiresAt = later(now, PASSKEY.challengeLife)
  const owner = { userId: account.id, sessionId: session.id }
  const row = { purpose: 'PASSKEY_REGISTRATION', tokenHash: digest(challenge), maxAttempts: 1, now, expiresAt } as const
  await createChallenge(deps.database.prisma, { ...row, ...owner })
  return { challenge, expiresAt, options: creationOptions(relyingParty(deps), { challenge, user: account, existing }) }
}
