/** What a check of `gatehouse doctor` found. No secret and no value of the configuration that holds one. */
export interface Finding {
  check: string
  /** `fail`: users are affected, or will be. `warn`: works, and could be better or safer. */
  level: 'ok' | 'warn' | 'fail'
  found: string
  /** What to do. */
  advice?: string
}

/** Milliseconds that one question to another server may take. */
export const PATIENCE = 5_000

/** The findings of one subject, which share its name. */
export function findingsOf(check: string) {
  return {
    ok: (found: string): Finding => ({ check, level: 'ok', found }),
    warn: (found: string, advice: string): Finding => ({ check, level: 'warn', found, advice }),
    fail: (found: string, advice: string): Finding => ({ check, level: 'fail', found, advice }),
  }
}
