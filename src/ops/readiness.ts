interface ReadinessParts {
  /** Rejects while the database cannot be reached. */
  reach: () => Promise<unknown>
  /** The migrations that this release has and the database lacks. */
  pending: () => Promise<string[]>
  keysLoaded: () => boolean
  /** Whether the strength estimator has answered once and one hash was measured. */
  passwordsChecked: () => boolean
}

interface Readiness {
  /** Why the server cannot serve at this moment, in words that are safe to show; null when it can. */
  check: () => Promise<string | null>
  /** From now on the server is not ready, so that no new request is sent its way. */
  stop: () => void
  isStopping: () => boolean
}

/** Asks everything that the server needs before it can serve. */
export function createReadiness({ reach, pending, keysLoaded, passwordsChecked }: ReadinessParts): Readiness {
  let stopping = false
  /** Migrations only move forward: once none is pending, none becomes so. */
  let migrated = false

  return {
    check: async () => {
      if (stopping) return 'stopping'
      try {
        await reach()
        migrated ||= (await pending()).length === 0
      } catch {
        return 'database unreachable'
      }
      if (!migrated) return 'migrations pending'
      if (!keysLoaded()) return 'signing keys missing'
      return passwordsChecked() ? null : 'password checks starting'
    },
    stop: () => {
      stopping = true
    },
    isStopping: () => stopping,
  }
}
