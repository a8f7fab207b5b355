import { GatehouseError } from './error.js'
import type { User } from './operations.generated.js'
import { send } from './send.js'
import { type ClientOptions, Session, type Tokens } from './session.js'
import type { Listener, State } from './state.js'
import { UNAUTHENTICATED, tokenFor } from './token.js'

/** A document with the types of its result and its variables, as code generators print it; a plain string will do. */
export interface TypedDocument<Result, Variables> {
  toString(): string
  __apiType?: (variables: Variables) => Result
}

/** An operation of the server: its document, and S: its user is signed in, T: it takes the transport of the tokens. */
export type OperationEntry = readonly [document: string, flags: string]

const LOGOUT = 'mutation Logout{logout{sessionId}}'

interface Reply {
  __typename?: string
  tokens?: Tokens
  user?: User
}

export type Core = ReturnType<typeof createCore>

/** A client without the operations: for those who send documents of their own. */
export function createCore(options: ClientOptions) {
  const session = new Session(options)

  /** Sends as the signed-in user. A request that was answered as unauthenticated did nothing: it is sent once more. */
  async function authorized(document: string, variables?: object): Promise<unknown> {
    const { token, renewed } = await tokenFor(session)
    const attempt = (by: string | null) => send(options, { document, variables, token: by })
    try {
      return await attempt(token)
    } catch (error) {
      const next = error instanceof GatehouseError && error.code === UNAUTHENTICATED ? await renewed() : null
      if (next === null) throw error
      return attempt(next)
    }
  }

  async function end(): Promise<void> {
    await session.end()
    session.tell('signedOut')
  }

  return {
    get state(): State {
      return session.state
    },
    /** Calls the listener after each change of the state. Returns what ends that. */
    subscribe: (listener: Listener) => session.observed.subscribe(listener),
    token: () => session.token(),
    refresh: () => session.refresh(),
    /** Runs a document as the signed-in user, or as nobody where nobody is. Resolves to its data. */
    request: async <Result = unknown, Variables extends object = object>(
      document: TypedDocument<Result, Variables>,
      variables?: Variables,
    ) => (await authorized(String(document), variables)) as Result,
    /** Ends the session on the server. Rejects, and keeps the state, where the server could not be reached. */
    signOut: async (): Promise<void> => {
      if (session.state.status === 'signedOut') return
      await authorized(LOGOUT).catch((error: unknown) => {
        if (!(error instanceof GatehouseError) || error.code !== UNAUTHENTICATED) throw error
      })
      await end()
    },
    /** Runs an operation of the server, and takes the tokens that it answers. */
    run: async (name: string, [document, flags]: OperationEntry, input?: object): Promise<unknown> => {
      const { transport } = options
      const variables = input && { input: flags.includes('T') ? { transport, ...input } : input }
      const data = await (flags.includes('S')
        ? authorized(document, variables)
        : send(options, { document, variables }))
      const reply = (data as Record<string, Reply | null>)[name]
      if (reply?.tokens) await session.accept(reply.tokens, reply.user)
      else if (reply?.user) session.know(reply.user)
      if (reply?.__typename === 'LoginSuccess') session.tell('signedIn')
      if (reply?.__typename === 'DeleteAccountSuccess') await end()
      return reply
    },
    know: (user: User) => session.know(user),
    /** Stops listening to other tabs. */
    close: () => session.close(),
  }
}
