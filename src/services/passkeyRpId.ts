import type { Deps } from './deps'
import { ConfigError } from '../config/config'
import { findSetting, fixSetting } from '../store/settings'

type Needs = Pick<Deps, 'config' | 'database'>

/**
 * Stores the RP id with the first passkey: authenticators bind passkeys to it, so that with another one all of them would be
 * lost. Throws a ConfigError if the database holds another.
 */
export async function fixRpId({ config, database }: Needs): Promise<void> {
  refuseOther(config.passkeyRpId, await fixSetting(database.prisma, 'passkey_rp_id', config.passkeyRpId))
}

/** At start, so that another value is noticed before anybody logs in. Throws a ConfigError. */
export async function checkRpId({ config, database }: Needs): Promise<void> {
  refuseOther(config.passkeyRpId, await findSetting(database.prisma, 'passkey_rp_id'))
}

function refuseOther(configured: string, fixed: string | null): void {
  if (fixed === null || fixed === configured) return
  const accepted = `${fixed}: the passkeys of this database are bound to it, and with another one all of them would be lost`
  throw new ConfigError([`PASSKEY_RP_ID: found ${configured}; accepted: ${accepted}`])
}
