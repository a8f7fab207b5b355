import { spellServiceKey } from './serviceKeys'
import { withDatabase } from './withDatabase'
import { createKeyring } from '../crypto/keyring'
import { deriveSecrets } from '../crypto/secrets'
import { developmentSecret } from '../development'
import { systemClock } from '../lib/clock'
import type { StoredKey } from '../lib/jwk'
import { rotateSigningKeys } from '../services/signingKeys'
import { listServiceKeys } from '../store/serviceKeys'
import { databaseNow, listSigningKeys } from '../store/signingKeys'

/** The variables that each action uses: listing needs no SECRET, rotating seals a new key with it. */
const KEYS_VARIABLES = {
  list: [],
  rotate: ['SECRET', 'SECRET_PREVIOUS', 'SIGNING_KEY_ROTATION', 'ACCESS_TOKEN_TTL'],
} as const

/** Lists the signing keys, and for `keys list` those of other services; `keys rotate` rotates the signing keys first. Every running instance reloads them immediately. */
export function keys(action: 'list' | 'rotate'): Promise<number> {
  return withDatabase(async ({ config, database, logger }) => {
    if (action === 'rotate') {
      const secrets = deriveSecrets(config.secret ?? (await developmentSecret(config)), config.secretPrevious)
      const parts = { clock: systemClock, config, database, secrets, keyring: createKeyring(), logger }
      await rotateSigningKeys(parts, { immediately: true })
    }
    const now = await databaseNow(database.prisma)
    const stored = await listSigningKeys(database.prisma, now)
    for (const key of stored) console.log(`${key.kid}  ${purposeOf(key, now)}`)
    if (action === 'rotate') return 0
    for (const key of await listServiceKeys(database.prisma)) console.log(spellServiceKey(key))
    return 0
  }, KEYS_VARIABLES[action])
}

function purposeOf({ signsFrom, verifiesUntil }: StoredKey, now: Date): string {
  if (verifiesUntil) return `verifies until ${verifiesUntil.toISOString()}`
  return signsFrom > now ? `signs from ${signsFrom.toISOString()}` : 'signs'
}
