/** What a platform may have or lack. React Native has no locks, a bare JavaScript engine not even timers. */
interface Platform {
  AbortController?: typeof AbortController
  BroadcastChannel?: typeof BroadcastChannel
  console?: Console
  location?: unknown
  navigator?: { locks?: LockManager }
  setTimeout?: typeof setTimeout
}
export const platform = globalThis as unknown as Platform

/** Runs the work with a signal that aborts after so many milliseconds, where the platform has such signals. */
export async function within<T>(
  milliseconds: number,
  work: (signal: AbortSignal | null, arrived: () => void) => Promise<T>,
): Promise<T> {
  if (!platform.AbortController || !platform.setTimeout) return work(null, () => undefined)
  const controller = new platform.AbortController()
  const timer = platform.setTimeout(() => controller.abort(), milliseconds)
  const arrived = () => clearTimeout(timer)
  try {
    return await work(controller.signal, arrived)
  } finally {
    arrived()
  }
}
