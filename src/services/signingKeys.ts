import type { Deps } from './deps'
import { SIGNING_KEYS } from '../config/defaults'
import { createSigningKey, openSigningKey } from '../crypto/signingKey'
import { later } from '../lib/clock'
import type { StoredKey } from '../lib/jwk'
import type { Transaction } from '../store/database'
import {
  deleteDeadSigningKeys,
  insertSigningKey,
  listSigningKeys,
  lockSigningKeys,
  readSigningKeys,
  updateSigningKey,
} from '../store/signingKeys'

type Needs = Pick<Deps, 'clock' | 'config' | 'database' | 'secrets' | 'keyring' | 'logger'>

/** The stored signing keys were sealed under another SECRET: nothing can be signed or sealed until it is given. */
export class WrongSecretError extends Error {
  constructor() {
    super(
      'SECRET does not open the signing keys of this database: give the SECRET they were made under, or name it as SECRET_PREVIOUS',
    )
  }
}

/**
 * Loads the stored keys into the keyring. Seals those under SECRET_PREVIOUS again under SECRET. Ignores a key whose public
 * column does not match its sealed private key: somebody else wrote that row. The stored times are the database's; the
 * keyring has them converted to this process's clock, so that all instances agree on the signing key. Throws
 * WrongSecretError.
 */
export async function loadSigningKeys(deps: Needs): Promise<void> {
  await useKeys(deps, await readSigningKeys(deps.database.pool))
}

/** Loads the keys, and before that makes or rotates those that are due. Throws WrongSecretError. */
export async function startSigningKeys(deps: Needs): Promise<void> {
  const read = await readSigningKeys(deps.database.pool)
  if (isInOrder(deps, read)) await useKeys(deps, read)
  else await rotateSigningKeys(deps, { immediately: false })
}

interface ReadKeys {
  /** The database's time when they were read. */
  now: Date
  keys: readonly StoredKey[]
}

/** Whether one key signs and the next one waits: then no rotation is due. */
function isInOrder({ secrets }: Needs, { now, keys }: ReadKeys): boolean {
  if (!keys.every((row) => openOrThrow(secrets, row).isGenuine)) return false
  const current = keys.filter(({ verifiesUntil }) => verifiesUntil === null)
  const signing = current.filter(({ signsFrom }) => signsFrom <= now)
  return signing.length === 1 && current.length === 2
}

async function useKeys({ clock, database, secrets, keyring, logger }: Needs, { now, keys }: ReadKeys): Promise<void> {
  const offset = clock.now().getTime() - now.getTime()
  const opened = keys.map((row) => {
    const { signsFrom, verifiesUntil } = row
    const local = { signsFrom: later(signsFrom, offset), verifiesUntil: verifiesUntil && later(verifiesUntil, offset) }
    return openOrThrow(secrets, { ...row, ...local })
  })
  for (const { key } of opened.filter((item) => !item.isGenuine)) {
    const event = { event: 'signing_key_ignored', kid: key.kid }
    logger.error(event, 'The stored public key does not belong to its private key: somebody else wrote that row')
  }
  const genuine = opened.filter((item) => item.isGenuine)
  keyring.replace(genuine.map(({ key }) => key))
  for (const item of genuine) {
    if (item.resealed) await updateSigningKey(database.prisma, item.key.kid, { privateKeySealed: item.resealed })
  }
}

/**
 * Creates missing keys and rotates due ones: one key signs, the next one is published a whole rotation before it signs, old
 * ones verify until their last token has expired. A lock makes concurrent calls of several instances rotate once. With
 * `immediately: true` the next key signs from now on. Throws WrongSecretError, and has then changed nothing.
 */
export async function rotateSigningKeys(deps: Needs, { immediately }: { immediately: boolean }): Promise<void> {
  await deps.database.transaction(async (tx) => {
    const now = await lockSigningKeys(tx)
    await deleteDeadSigningKeys(tx, now)
    const stored = await listSigningKeys(tx, now)
    // Opens every key before anything is written: a next key created under a wrong SECRET would keep all instances from signing.
    const opened = stored.map((row) => ({ row, isGenuine: openOrThrow(deps.secrets, row).isGenuine }))
    // A row that loadSigningKeys ignores does not count, so that a usable key is created instead.
    const keys = opened.flatMap(({ row, isGenuine }) => (isGenuine && row.verifiesUntil === null ? [row] : []))
    const next = keys.find((key) => key.signsFrom > now)
    if (immediately && next) await updateSigningKey(tx, next.kid, { signsFrom: now })
    await retireOldKeys(
      deps,
      { tx, now },
      keys.filter((key) => key.signsFrom <= now || (immediately && key === next)),
    )
    const signing = keys.some((key) => key.signsFrom <= now || (immediately && key === next))
    await ensureNextKey(deps, { tx, now }, { first: !signing, next: immediately ? undefined : next })
  })
  await loadSigningKeys(deps)
}

function openOrThrow(secrets: Needs['secrets'], stored: StoredKey) {
  const opened = openSigningKey(secrets, stored)
  if (!opened) throw new WrongSecretError()
  return opened
}

/** A transaction that holds the lock, and the database's time in it. */
interface Rotation {
  tx: Transaction
  now: Date
}

/** `signing`: the keys whose `signsFrom` has passed, oldest first. The newest signs; the others verify until their tokens expire. */
async function retireOldKeys({ config }: Needs, { tx, now }: Rotation, signing: StoredKey[]): Promise<void> {
  const verifiesUntil = later(now, config.accessTokenTtl + SIGNING_KEYS.retirementMargin)
  for (const { kid } of signing.slice(0, -1)) await updateSigningKey(tx, kid, { verifiesUntil })
}

async function ensureNextKey(
  { config, secrets }: Needs,
  { tx, now }: Rotation,
  { first, next }: { first: boolean; next: StoredKey | undefined },
): Promise<void> {
  if (first) await insertSigningKey(tx, createSigningKey(secrets, now))
  if (!next) await insertSigningKey(tx, createSigningKey(secrets, later(now, config.signingKeyRotation)))
}
