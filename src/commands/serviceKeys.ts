import { complain, withChange } from './changes'
import { EXIT } from './failure'
import { optionsOf } from './optionsOf'
import { entriesOf } from '../config/accepted'
import { SERVICE_KEY } from '../config/operatorDefaults'
import { createServiceKey } from '../services/createServiceKey'
import { revokeServiceKey } from '../services/revokeServiceKey'
import { type ServiceKey } from '../services/deps'

const OPTIONS = { scopes: { type: 'string' }, days: { type: 'string' }, from: { type: 'string' } } as const

/** Creates a key for another service, and prints it, this once. Null: the options are wrong. */
export async function createKey(args: string[]): Promise<number | null> {
  const parsed = optionsOf(args, OPTIONS)
  if (parsed?.word === undefined) return null
  const { scopes = '', days = String(SERVICE_KEY.defaultDays), from = '' } = parsed.values
  if (!/^\d{1,6}$/.test(days)) return null
  const input = { name: parsed.word, scopes: entriesOf(scopes), days: Number(days), allowedIps: entriesOf(from) }
  return withChange(async ({ deps, actor }) => {
    const { key, serviceKey } = await createServiceKey(deps, actor, input)
    console.log(key)
    console.error(`Shown this once. ${spellServiceKey(serviceKey)}`)
    return EXIT.ok
  })
}

/** Revokes a service key: every running instance refuses it from now on. */
export function revokeKey(id: string): Promise<number> {
  return withChange(async ({ deps, actor }) => {
    if (!(await revokeServiceKey(deps, actor, id))) return complain('no service key with that id can be revoked')
    console.log(`Revoked: ${id}`)
    return EXIT.ok
  })
}

/** One line of a list: id, state, scopes, addresses that it may be used from, name. */
export function spellServiceKey(key: ServiceKey): string {
  const { id, name, scopes, allowedIps, expiresAt, revokedAt, lastUsedAt } = key
  const state = revokedAt ? `revoked ${revokedAt.toISOString()}` : `until ${expiresAt.toISOString()}`
  const used = lastUsedAt ? `used ${lastUsedAt.toISOString()}` : 'never used'
  const from = allowedIps.length === 0 ? 'from anywhere' : `from ${allowedIps.join(',')}`
  return [id, state, used, scopes.join(','), from, name].join('  ')
}
