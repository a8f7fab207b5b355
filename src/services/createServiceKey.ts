import ipaddr from 'ipaddr.js'
import { v7 as uuidv7 } from 'uuid'
import type { Actor } from './deps'
import { type ChangeDeps, commit } from './steps/commit'
import { InputReader } from './steps/inputReader'
import { SERVICE_KEY } from '../config/operatorDefaults'
import { digest } from '../crypto/opaqueToken'
import { newServiceKey } from '../crypto/serviceKey'
import { later } from '../lib/clock'
import { isServiceScope } from '../lib/serviceScopes'
import { type ServiceKey, countServiceKeys, insertServiceKey, lockServiceKeyCount } from '../store/serviceKeys'

interface NewKey {
  name: string
  scopes: string[]
  /** Days from now. */
  days: number
  /** Addresses and ranges that it may be used from; none: from anywhere. */
  allowedIps: string[]
}

/**
 * Creates a key for another service. The key is returned this once: only its digest is stored. Throws InvalidInputError, also
 * where there are SERVICE_KEY.maxKeys that can be used.
 */
export async function createServiceKey(
  deps: ChangeDeps,
  actor: Actor,
  input: NewKey,
): Promise<{ key: string; serviceKey: ServiceKey }> {
  const read = new InputReader()
  const name = read.displayName('name', input.name)
  if (name === null) read.refuse('name', 'REQUIRED')
  if (input.scopes.length === 0) read.refuse('scopes', 'REQUIRED')
  else if (!input.scopes.every(isServiceScope)) read.refuse('scopes', 'UNSUPPORTED')
  if (input.days < 1 || input.days > SERVICE_KEY.maxDays) read.refuse('days', 'UNSUPPORTED')
  if (input.allowedIps.length > SERVICE_KEY.maxAddresses)
    read.refuse('allowedIps', 'TOO_LONG', SERVICE_KEY.maxAddresses)
  else if (!input.allowedIps.every(isAddressOrRange)) read.refuse('allowedIps', 'INVALID_FORMAT')
  read.done()

  const id = uuidv7()
  const key = newServiceKey(id)
  const serviceKey = await commit(deps, actor, async (tx, now) => {
    await lockServiceKeyCount(tx)
    if ((await countServiceKeys(tx, now)) >= SERVICE_KEY.maxKeys) read.refuse('name', 'UNSUPPORTED')
    read.done()
    const created = await insertServiceKey(tx, {
      ...{ id, name: name ?? '', keyHash: digest(key), createdAt: now, expiresAt: later(now, input.days * DAY) },
      ...{ scopes: [...new Set(input.scopes)], allowedIps: [...new Set(input.allowedIps)] },
      createdBy: actor.kind === 'operator' && actor.id !== undefined ? actor.id : null,
    })
    const details = { serviceKeyId: id, scopes: created.scopes.join(' ') }
    return { result: created, event: { type: 'service_key_created', userId: null, details }, invalidate: [] }
  })
  return { key, serviceKey }
}

const DAY = 86_400_000

function isAddressOrRange(text: string): boolean {
  const [address = ''] = text.split('/')
  const isWhole = address.includes(':') || ipaddr.IPv4.isValidFourPartDecimal(address)
  return isWhole && (ipaddr.isValidCIDR(text) || ipaddr.isValid(text))
}
