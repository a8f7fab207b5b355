import type { TestApp } from './app'
import { type LoggedIn, call } from './client'

export const PASSWORD = 'violet tractor seven moons'
export const NEW_PASSWORD = 'copper lantern nine rivers'

let people = 0

/** An address that no other test uses. */
export function someone(): string {
  return `person${(people += 1)}.${process.pid}@example.com`
}

/**
 * A verified account, written to the database: for tests whose subject comes after the registration. Resolves to its
 * address.
 */
export async function verifiedPerson(app: TestApp, email = someone(), password = PASSWORD): Promise<string> {
  const now = app.clock.now()
  await app.app.deps.database.pool.query(
    `INSERT INTO users (email, password_hash, password_changed_at, email_verified_at, created_at, updated_at)
     VALUES ($1, $2, $3, $3, $3, $3)`,
    [email, await hashOf(app, password), now],
  )
  return email
}

/** Registers and verifies an account as its owner does, with what that leaves behind. Resolves to its address. */
export async function registeredPerson(app: TestApp, email = someone(), password = PASSWORD): Promise<string> {
  const registered = await call(app.url, 'register', { email, password })
  if (registered.code !== 'SUCCESS') throw new Error(`register answered ${registered.text}`)
  const token = await app.mailedToken(email, /Confirm/)
  const verified = await call(app.url, 'verifyEmail', { token })
  if (verified.code !== 'SUCCESS') throw new Error(`verifyEmail answered ${verified.text}`)
  return email
}

const hashes = new Map<string, Promise<string>>()

/** The hash of a password by the settings of an instance: made once in a test file, since it is slow. */
function hashOf({ app, config }: TestApp, password: string): Promise<string> {
  const key = `${config.passwordAlgorithm} ${config.bcryptCost} ${password}`
  const hash =
    hashes.get(key) ?? app.deps.hasher.hash(password, { client: 'test', signal: new AbortController().signal })
  hashes.set(key, hash)
  return hash
}

/** Logs in, and resolves to what the client gets to hold. */
export async function loggedIn(app: Pick<TestApp, 'url'>, email: string, password = PASSWORD): Promise<LoggedIn> {
  const answer = await call(app.url, 'login', { email, password })
  if (answer.code !== 'SUCCESS') throw new Error(`login answered ${answer.text}`)
  return answer.data as unknown as LoggedIn
}

/** A verified account with a session of its own. */
export async function signedIn(app: TestApp): Promise<LoggedIn & { email: string }> {
  const email = await verifiedPerson(app)
  return { ...(await loggedIn(app, email)), email }
}
