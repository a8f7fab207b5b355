import { OF_SHA256 } from './bcryptHash'
import { unpaddedBase64 } from './phcFields'

/** Spellings that name the same computation as one of ours, and how that is written. */
const SPELLINGS: [RegExp, (fields: string[]) => string][] = [
  // Django: the salt is text, not base64.
  [
    /^pbkdf2_sha256\$(\d+)\$([^$]+)\$([^$]+)$/,
    ([iterations = '', salt = '', digest = '']) => `$pbkdf2-sha256$i=${iterations}$${textBase64(salt)}$${digest}`,
  ],
  [
    /^scrypt\$(\d{1,9})\$([^$]+)\$(\d+)\$(\d+)\$([^$]+)$/,
    ([N, salt = '', r = '', p = '', digest = '']) => {
      const logarithm = Math.log2(Number(N))
      return `$scrypt$ln=${logarithm},r=${r},p=${p}$${textBase64(salt)}$${digest}`
    },
  ],
  [/^bcrypt_sha256\$(\$2[aby]\$.*)$/, ([hash = '']) => `${hash}${OF_SHA256}`],
  [/^bcrypt\$(\$2[aby]\$.*)$/, ([hash = '']) => hash],
  [/^argon2(\$argon2id?\$.*)$/, ([hash = '']) => hash],
  // better-auth: the salt is the hexadecimal text, not the bytes that it names.
  [
    /^([0-9a-f]{32}):([0-9a-f]{128})$/,
    ([salt = '', key = '']) => `$scrypt$ln=14,r=16,p=1$${textBase64(salt)}$${unpaddedBase64(Buffer.from(key, 'hex'))}`,
  ],
]

/** The hash in the spelling of PHC strings, if another system's own is known; otherwise as it is. */
export function respelledHash(text: string): string {
  const trimmed = text.trim()
  for (const [pattern, respell] of SPELLINGS) {
    const fields = pattern.exec(trimmed)
    if (fields) return respell(fields.slice(1))
  }
  return trimmed
}

/** A credential of Keycloak, whose two parts are JSON objects or texts of them; null if it is not one of a password. */
export function keycloakHash(credential: unknown): string | null {
  if (!isObject(credential)) return null
  const [secret, data] = [objectOf(credential.secretData), objectOf(credential.credentialData)]
  const { value, salt } = secret ?? {}
  const { algorithm, hashIterations, additionalParameters } = data ?? {}
  if (![value, salt, algorithm].every((part) => typeof part === 'string')) return null
  if (typeof hashIterations !== 'number') return null
  if (algorithm !== 'argon2') return `$${String(algorithm)}$i=${hashIterations}$${String(salt)}$${String(value)}`
  const named = (name: string): string => {
    const found: unknown = isObject(additionalParameters) ? additionalParameters[name] : undefined
    return String(Array.isArray(found) ? found[0] : found)
  }
  const version = named('version') === '1.0' ? 16 : 19
  const costs = `m=${named('memory')},t=${hashIterations},p=${named('parallelism')}`
  return `$argon2${named('type')}$v=${version}$${costs}$${String(salt)}$${String(value)}`
}

export interface FirebaseProject {
  signerKey: string
  saltSeparator: string
  rounds: string
  memCost: string
}

/** The parameters of a project, as its console shows them (`hash_config { … }`) or as JSON; null if one is missing. */
export function readFirebaseProject(text: string): FirebaseProject | null {
  const value = (name: string): string | undefined =>
    new RegExp(`\\b${name}"?\\s*[:=]\\s*"?([\\w+/=-]+)`).exec(text)?.[1]
  const [signerKey, saltSeparator] = [value('base64_signer_key'), value('base64_salt_separator')]
  const [rounds, memCost] = [value('rounds'), value('mem_cost')]
  const isComplete = signerKey !== undefined && saltSeparator !== undefined
  if (!isComplete || rounds === undefined || memCost === undefined) return null
  return { signerKey, saltSeparator, rounds, memCost }
}

/** The hash and salt of an exported account of the project. */
export function firebaseHash(project: FirebaseProject, { hash, salt }: { hash: string; salt: string }): string {
  const { memCost, rounds, saltSeparator, signerKey } = project
  return `$fbscrypt$v=1,n=${memCost},r=${rounds},p=1,ss=${saltSeparator},sk=${signerKey}$${salt}$${hash}`
}

function textBase64(text: string): string {
  return unpaddedBase64(Buffer.from(text))
}

function objectOf(value: unknown): Record<string, unknown> | null {
  if (typeof value !== 'string') return isObject(value) ? value : null
  try {
    const parsed: unknown = JSON.parse(value)
    return isObject(parsed) ? parsed : null
  } catch {
    return null
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
