import type { Logger } from '../ops/logger'

const MINUTE = 60_000

/** Every instance runs every task, at times of its own: `run` must tolerate concurrent runs, and ends soon after its signal. */
export interface PeriodicTask {
  name: string
  /** Milliseconds from the end of one run to the next. */
  interval: number
  run: (signal: AbortSignal) => Promise<void>
}

/**
 * Runs each task within a minute of the start, then at its interval with ±10 % jitter so that instances do not run together.
 * A failed run is repeated within a minute. The returned function stops all tasks and waits for running ones.
 */
export function startPeriodic(tasks: readonly PeriodicTask[], logger: Logger): () => Promise<void> {
  const timers = new Map<string, NodeJS.Timeout>()
  const running = new Map<string, Promise<void>>()
  const stopping = new AbortController()
  for (const task of tasks) schedule(task, Math.random() * Math.min(task.interval, MINUTE))

  return async () => {
    stopping.abort()
    for (const timer of timers.values()) clearTimeout(timer)
    await Promise.all(running.values())
  }

  function schedule(task: PeriodicTask, wait: number): void {
    if (stopping.signal.aborted) return
    const timer = setTimeout(() => running.set(task.name, perform(task)), wait).unref()
    timers.set(task.name, timer)
  }

  async function perform(task: PeriodicTask): Promise<void> {
    try {
      await task.run(stopping.signal)
      schedule(task, task.interval * (0.9 + Math.random() / 5))
    } catch (error) {
      logger.warn({ event: 'periodic_task_failed', task: task.name, err: error }, 'periodic_task_failed')
      schedule(task, Math.random() * Math.min(task.interval, MINUTE))
    }
  }
}
