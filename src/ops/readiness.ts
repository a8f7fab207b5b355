interface ReadinessParts {
  /** Rejects while the database cannot be reached. */
  reach: () => Promise<void>
  /** The migrations that this release has and the database lacks. */
  pending: () => Promise<string[]>
  keysLoaded: () => boolean
}

/** Why the server cannot serve at this moment, in words that are safe to show; null when it can. */
export function createReadiness({ reach, pending, keysLoaded }: ReadinessParts) {
  let stopping = false
  /** Migrations only move forward: once none is pending, none becomes so. */
  let migrated = false

  return {
    async check(): Promise<string | null> {
      if (stopping) return 'stopping'
      try {
        await reach()
        migrated ||= (await pending()).length === 0
      } catch {
        return 'database unreachable'
      }
      if (!migrated) return 'migrations pending'
      return keysLoaded() ? null : 'signing keys missing'
    },
    stop(): void {
      stopping = true
    },
  }
}
