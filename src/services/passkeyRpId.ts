import type { Deps } from './deps'
import { type Config, ConfigError } from '../config/config'
import { isIpLiteral } from '../config/values'
import { findSetting, fixSetting } from '../store/settings'

type Needs = Pick<Deps, 'config' | 'database'>

/**
 * Stores the RP id with the first passkey: authenticators bind passkeys to it, so that with another one all of them would be
 * lost. Throws a ConfigError if the database holds another.
 */
export async function fixRpId({ config, database }: Needs): Promise<void> {
  refuseOther(config.passkeyRpId, await fixSetting(database.pool, 'passkey_rp_id', config.passkeyRpId))
}

/** At start, so that another value is noticed before anybody logs in. Throws a ConfigError. */
export async function checkRpId({ config, database }: Needs): Promise<void> {
  refuseOther(config.passkeyRpId, await findSetting(database.pool, 'passkey_rp_id'))
}

/** WebAuthn binds passkeys to a domain: under an address browsers refuse to make or use one (Level 3 §5.1.2). */
export function isRpIdAddress({ passkeyRpId }: Pick<Config, 'passkeyRpId'>): boolean {
  return isIpLiteral(passkeyRpId)
}

/** At start: nothing else shows why no passkey can be added. */
export function warnOfRpIdAddress({ config, logger }: Pick<Deps, 'config' | 'logger'>): void {
  if (!isRpIdAddress(config)) return
  const { passkeyRpId: rpId } = config
  logger.warn({ event: 'passkeys_unusable', rpId }, 'Passkeys cannot work: the host of PUBLIC_URL is an IP address')
}

function refuseOther(configured: string, fixed: string | null): void {
  if (fixed === null || fixed === configured) return
  const accepted = `${fixed}: the passkeys of this database are bound to it, and with another one all of them would be lost`
  throw new ConfigError([`PASSKEY_RP_ID: found ${configured}; accepted: ${accepted}`])
}
