import { createCipheriv } from 'node:crypto'
import { bytesOf, parametersOf } from './phcFields'
import { readScryptCosts } from './scryptCosts'
import { DIGEST_BYTES, type ReadHash, SALT_BYTES, type ScryptHash } from './storedHash'

/** Bytes of a project's salt separator (one in practice), and of its signer key (64 in practice). */
const SEPARATOR_BYTES = { min: 0, max: 16 } as const
const KEY_BYTES = { min: 16, max: 64 } as const

/**
 * Firebase's modified scrypt as `$fbscrypt$v=1,n=14,r=8,p=1,ss=Bw==,sk=…$salt$digest`, in padded base64: the salt separator
 * is appended to the salt, and the digest is the project's signer key, encrypted with what scrypt derives.
 */
export function readFirebase(text: string): ReadHash<ScryptHash> {
  const [, , parameters = '', saltText = '', digestText = '', ...more] = text.split('$')
  if (more.length > 0 || digestText === '')
    return { problem: 'is Firebase’s scrypt without salt or digest, or with parts too many' }
  const names = parametersOf(parameters)
  if (names.get('v') !== '1') return { problem: 'is Firebase’s scrypt of an unknown version' }
  const costs = readScryptCosts(names.get('n'), names.get('r'), names.get('p') ?? '1')
  if (costs.problem !== undefined) return { problem: `is Firebase’s scrypt ${costs.problem}` }

  const separator = bytesOf(standard(names.get('ss') ?? ''), SEPARATOR_BYTES)
  const signerKey = bytesOf(standard(names.get('sk') ?? ''), KEY_BYTES)
  if (separator === null)
    return { problem: 'is Firebase’s scrypt whose salt separator is no base64 of 16 bytes or less' }
  if (signerKey === null) return { problem: 'is Firebase’s scrypt whose signer key is no base64 of 16 to 64 bytes' }
  const [salt, digest] = [bytesOf(standard(saltText), SALT_BYTES), bytesOf(standard(digestText), DIGEST_BYTES)]
  if (salt === null) return { problem: 'is Firebase’s scrypt whose salt is no base64 of 1 to 64 bytes' }
  if (digest?.length !== signerKey.length)
    return { problem: 'is Firebase’s scrypt whose digest is no base64 of as many bytes as the signer key' }

  const project = `v=1,n=${Math.log2(costs.N)},r=${costs.r},p=${costs.p},ss=${base64(separator)},sk=${base64(signerKey)}`
  const canonical = `$fbscrypt$${project}$${base64(salt)}$${base64(digest)}`
  const salted = Buffer.concat([salt, separator])
  return { hash: { algorithm: 'scrypt', text: canonical, ...costs, salt: salted, digest, signerKey } }
}

export function encryptedSignerKey(derived: Buffer, signerKey: Buffer): Buffer {
  return createCipheriv('aes-256-ctr', derived, Buffer.alloc(16)).update(signerKey)
}

/** The export writes the URL alphabet in some versions of its tool. */
function standard(base64: string): string {
  return base64.replaceAll('-', '+').replaceAll('_', '/')
}

function base64(bytes: Buffer): string {
  return bytes.toString('base64')
}
