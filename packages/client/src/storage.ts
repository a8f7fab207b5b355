/** Where an app keeps its refresh token: Keychain, Keystore, a secret store. It may answer by promises or at once. */
export interface TokenStorage {
  get(): Promise<string | null> | string | null
  set(token: string): Promise<void> | void
  remove(): Promise<void> | void
}

/** Keeps the refresh token as long as the program runs. */
export function memoryStorage(token: string | null = null): TokenStorage {
  return {
    get: () => token,
    set: (next) => void (token = next),
    remove: () => void (token = null),
  }
}

/** The refresh token of the app's storage, and one that could not be written there. */
export class HeldToken {
  private unwritten: string | null = null

  constructor(private readonly storage: TokenStorage) {}

  async read(): Promise<string | null> {
    return this.unwritten ?? (await this.storage.get())
  }

  /** A failed write does not end the session: the token is used from memory, and written when the next one comes. */
  async write(token: string): Promise<void> {
    try {
      await this.storage.set(token)
      this.unwritten = null
    } catch {
      this.unwritten = token
    }
  }

  async remove(): Promise<void> {
    this.unwritten = null
    await this.storage.remove()
  }
}
