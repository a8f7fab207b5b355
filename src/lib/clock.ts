/** The current time. Everything that compares times takes a clock, so that a test sets the time instead of sleeping. */
export interface Clock {
  now(): Date
}

export const systemClock: Clock = { now: () => new Date() }

/** `instant` moved by `milliseconds` (negative: into the past). */
export function later(instant: Date, milliseconds: number): Date {
  return new Date(instant.getTime() + milliseconds)
}
