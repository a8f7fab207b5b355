/** Minutes that each part of the bench takes, and whether it runs when none is asked for by its name. */
export const BENCH_PARTS = {
  start: { minutes: 1, always: true },
  throughput: { minutes: 2, always: true },
  instances: { minutes: 2, always: true },
  logins: { minutes: 2, always: true },
  storm: { minutes: 3, always: true },
  crowd: { minutes: 3, always: true },
  scale: { minutes: 10, always: false },
  enumeration: { minutes: 7, always: false },
  endurance: { minutes: 12, always: false },
} as const

export type PartName = keyof typeof BENCH_PARTS

export const DEFAULT_PARTS = (Object.keys(BENCH_PARTS) as PartName[]).filter((name) => BENCH_PARTS[name].always)

/** Whether the bench has a part of this name. */
export function isPart(name: string): name is PartName {
  return Object.hasOwn(BENCH_PARTS, name)
}
