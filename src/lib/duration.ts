const UNITS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const

/** Milliseconds of a duration such as `30s`, `15m`, `24h` or `30d`; null for anything else. */
export function parseDuration(text: string): number | null {
  const match = /^(\d{1,6})(ms|s|m|h|d)$/.exec(text)
  if (!match) return null
  const milliseconds = Number(match[1]) * UNITS[match[2] as keyof typeof UNITS]
  return milliseconds > 0 ? milliseconds : null
}

/** The shortest spelling of a number of milliseconds, as `parseDuration` reads it. */
export function formatDuration(milliseconds: number): string {
  if (milliseconds === 0) return '0s'
  const unit = (['d', 'h', 'm', 's'] as const).find((name) => milliseconds % UNITS[name] === 0) ?? 'ms'
  return `${milliseconds / UNITS[unit]}${unit}`
}
