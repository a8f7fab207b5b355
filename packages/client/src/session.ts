import { GatehouseError } from './error.js'
import { oneTabAtATime } from './lock.js'
import { platform } from './platform.js'
import { type Connection, send } from './send.js'
import { Observed } from './state.js'
import type { State } from './state.js'
import { HeldToken, type TokenStorage, memoryStorage } from './storage.js'
import type { User } from './operations.generated.js'

export interface ClientOptions extends Connection {
  /** How the refresh token travels: in a cookie (a browser), or in the body (a phone, a server). */
  transport: 'COOKIE' | 'BODY'
  /** For BODY: where the refresh token is kept. By default in memory. */
  storage?: TokenStorage
  /** Milliseconds that a refresh waits for one of another tab. */
  lockWait?: number
  /** Milliseconds: an access token that expires this soon is renewed before it is used. */
  leeway?: number
}

export interface Tokens {
  accessToken: string
  accessTokenExpiresAt: string
  refreshToken: string | null
}

interface Renewal {
  tokens: Tokens
  user: User | null
}
/** What tabs say to each other: a login, a sign-out, or the tokens of a refresh for which others may wait. */
type Heard = 'signedIn' | 'signedOut' | Renewal

type Renewed = { __typename: string; code: string; message: string; retryAfter?: number; tokens?: Tokens }

const REFRESH = `mutation RefreshSession($input:RefreshSessionInput){refreshSession(input:$input){__typename ...on UserError{code message} ...on RateLimitedError{retryAfter} ...on RefreshSessionSuccess{tokens{accessToken accessTokenExpiresAt refreshToken}}}}`
const ME = 'query Me{me{id email emailVerified displayName locale createdAt}}'

/** The session of one client: its tokens, their renewal, and what other tabs say. */
export class Session {
  readonly observed = new Observed()
  private readonly held: HeldToken | null
  private readonly channel: BroadcastChannel | null
  private readonly leeway: number
  /** Grows with each sign-in, sign-out and exchange of tokens: an answer to a question asked before counts no more. */
  epoch = 0
  private renewal: Promise<State> | null = null
  /** The epoch in which this tab began to wait for the refresh of another one. */
  private waiting = -1

  constructor(private readonly options: ClientOptions) {
    const { transport, storage = memoryStorage(), leeway = 30_000, url } = options
    this.leeway = leeway
    this.held = transport === 'BODY' ? new HeldToken(storage) : null
    // Tabs share the cookie; clients in one server process, each for another user, share nothing.
    this.channel = this.shared && platform.BroadcastChannel ? new platform.BroadcastChannel(`gatehouse ${url}`) : null
    if (this.channel) this.channel.onmessage = ({ data }: MessageEvent<Heard>) => this.hear(data)
  }

  private get shared(): boolean {
    return this.held === null && platform.location !== undefined
  }

  get state(): State {
    return this.observed.current
  }

  /** An access token that is good by this device's clock; null where nobody is signed in. */
  async token(): Promise<string | null> {
    const { state } = this
    if (state.status === 'signedOut') return null
    if (state.status === 'signedIn' && state.expiresAt - Date.now() > this.leeway) return state.accessToken
    try {
      await this.refresh()
    } catch (error) {
      if (state.status === 'unknown' || state.expiresAt < Date.now()) throw error
    }
    return this.state.status === 'signedIn' ? this.state.accessToken : null
  }

  /** Renews the session. Calls meanwhile share one request. Rejects where the server gave no verdict, and keeps the state. */
  refresh(): Promise<State> {
    this.renewal ??= this.lockedRenewal().finally(() => (this.renewal = null))
    return this.renewal
  }

  private async lockedRenewal(): Promise<State> {
    const { url, lockWait = 3_000 } = this.options
    try {
      if (!this.shared) return await this.renew()
      const began = (this.waiting = this.epoch)
      return await oneTabAtATime(`gatehouse ${url}`, lockWait, () => {
        this.waiting = -1
        // What this tab waited for: the tokens of another one's refresh, of a login, or a sign-out.
        return began === this.epoch || this.state.status === 'unknown' ? this.renew() : Promise.resolve(this.state)
      })
    } catch (error) {
      if (this.state.status === 'unknown') this.observed.set({ status: 'unknown', problem: error as GatehouseError })
      throw error
    }
  }

  private async renew(): Promise<State> {
    const began = this.epoch
    const refreshToken = await this.held?.read()
    if (refreshToken === null) {
      if (began === this.epoch) await this.end()
      return this.state
    }
    const variables = refreshToken === undefined ? {} : { input: { refreshToken } }
    const data = (await send(this.options, { document: REFRESH, variables })) as { refreshSession: Renewed }
    if (began === this.epoch) await this.judge(data.refreshSession)
    // Another tab signed in meanwhile: the answer was about the session before.
    return this.state.status === 'unknown' ? this.renew() : this.state
  }

  private async judge({ code, message, retryAfter, tokens }: Renewed): Promise<void> {
    if (tokens) {
      await this.accept(tokens)
      if (this.state.status === 'signedIn') this.tell({ tokens, user: this.state.user })
    } else if (code === 'INVALID_TOKEN' || code === 'EXPIRED_TOKEN') await this.end()
    else throw new GatehouseError(code, message, retryAfter)
  }

  /** Takes the tokens of an answer. The refresh token is stored before anything else happens. */
  async accept(tokens: Tokens, user?: User): Promise<void> {
    const mine = (this.epoch += 1)
    if (tokens.refreshToken !== null) await this.held?.write(tokens.refreshToken)
    const before = this.state.status === 'signedIn' ? this.state.user : null
    const isSame = before !== null && before.id === (user?.id ?? subjectOf(tokens.accessToken) ?? before.id)
    // The cookie belongs to somebody else now: what the app shows of the one before has to go first.
    if (before !== null && !isSame) this.observed.set({ status: 'signedOut' })
    const known = user ?? (isSame ? before : await this.askUser(tokens.accessToken))
    if (mine !== this.epoch) return
    const { accessToken, accessTokenExpiresAt } = tokens
    const expiresAt = Date.parse(accessTokenExpiresAt)
    // A token that seems spent when it arrives tells that this clock is wrong: then the server says when it has expired.
    const clockIsWrong = expiresAt - Date.now() <= this.leeway
    this.observed.set({
      ...{ status: 'signedIn', user: known, accessToken },
      expiresAt: clockIsWrong ? Infinity : expiresAt,
    })
  }

  private async askUser(token: string): Promise<User | null> {
    const answer = send(this.options, { document: ME, token }) as Promise<{ me: User | null }>
    return answer.then(
      ({ me }) => me,
      () => null,
    )
  }

  /** A newer view of the signed-in user. */
  know(user: User): void {
    if (this.state.status === 'signedIn') this.observed.set({ ...this.state, user })
  }

  /** The server, or this user, has ended the session. */
  async end(): Promise<void> {
    this.epoch += 1
    this.observed.set({ status: 'signedOut' })
    await this.held?.remove()
  }

  /** Tells the other tabs, which share the cookie. */
  tell(event: Heard): void {
    this.channel?.postMessage(event)
  }

  private hear(event: Heard): void {
    if (typeof event === 'object') this.share(event)
    if (event === 'signedOut') void this.end()
    if (event !== 'signedIn') return
    this.epoch += 1
    this.observed.set({ status: 'unknown', problem: null })
  }

  /** Takes the tokens for which this tab waits. Those of another user, or of before a login of this tab, are none of them. */
  private share({ tokens, user }: Renewal): void {
    const { state } = this
    const same = user !== null && (state.status !== 'signedIn' || state.user?.id === user.id)
    if (this.waiting === this.epoch && same) void this.accept(tokens, user)
  }

  close(): void {
    this.channel?.close()
  }
}

/** The id of the user whom an access token is about; null where it cannot be read. */
function subjectOf(token: string): string | null {
  try {
    const payload = token.split('.')[1] ?? ''
    return (JSON.parse(atob(payload.replace(/-/g, '+').replace(/_/g, '/'))) as { sub: string }).sub
  } catch {
    return null
  }
}
