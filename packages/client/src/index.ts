import { type Core, createCore } from './core.js'
import { DOCUMENTS, type Methods } from './operations.generated.js'
import type { ClientOptions } from './session.js'

export { createCore } from './core.js'
export { GatehouseError } from './error.js'
export { memoryStorage } from './storage.js'
export type { Core, OperationEntry, TypedDocument } from './core.js'
export type { ClientOptions } from './session.js'
export type { Listener, State } from './state.js'
export type { TokenStorage } from './storage.js'
export type * from './operations.generated.js'

/** A client with a method for each operation of the server: `auth.login({ email, password })`. */
export type Client = Omit<Core, 'run' | 'know'> & Methods

/** One for a page, an app or a service; one for each request where a server renders for its users. */
export function createClient(options: ClientOptions): Client {
  const core = createCore(options)
  const methods = Object.fromEntries(
    Object.entries(DOCUMENTS).map(([name, entry]) => [name, (input?: object) => core.run(name, entry, input)]),
  ) as unknown as Methods
  const me = async () => {
    const account = await methods.me()
    if (account) core.know(account)
    return account
  }
  // Onto the core itself: a copy would freeze its state.
  return Object.assign(core, methods, { me })
}
