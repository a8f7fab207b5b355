import type { TestApp } from './app'
import { type LoggedIn, call } from './client'

export const PASSWORD = 'violet tractor seven moons'
export const NEW_PASSWORD = 'copper lantern nine rivers'

let people = 0

/** An address that no other test uses. */
export function someone(): string {
  return `person${(people += 1)}.${process.pid}@example.com`
}

/** Registers and verifies an account, and resolves to its address. */
export async function verifiedPerson(app: TestApp, email = someone(), password = PASSWORD): Promise<string> {
  const registered = await call(app.url, 'register', { email, password })
  if (registered.code !== 'SUCCESS') throw new Error(`register answered ${registered.text}`)
  const token = await app.mailedToken(email, /Confirm/)
  const verified = await call(app.url, 'verifyEmail', { token })
  if (verified.code !== 'SUCCESS') throw new Error(`verifyEmail answered ${verified.text}`)
  return email
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
