import type { Logger, RequestLog } from './logger'
import { LOG } from '../config/defaults'

/** An event that anyone can cause any number of times. Lines are counted by `event` and `kind`. */
export interface SampledEvent {
  event: string
  kind?: string
  [field: string]: string | number | null | undefined
}

/** Writes the first lines of each event in a minute to the log of their requests, then one line with the number left out. */
export interface SampledLog {
  (log: RequestLog, event: SampledEvent): void
  /** Writes how many lines were left out so far. */
  flush: () => void
}

interface Window {
  lines: number
  timer: NodeJS.Timeout
}

export function createSampledLog(logger: Logger): SampledLog {
  const windows = new Map<string, Window>()

  const end = (key: string, { event, kind }: SampledEvent, window: Window): void => {
    windows.delete(key)
    clearTimeout(window.timer)
    const suppressed = window.lines - LOG.sampledLines
    if (suppressed > 0) logger.info({ event, kind, suppressed }, `${event}: ${suppressed} more within a minute`)
  }

  const write = (log: RequestLog, line: SampledEvent): void => {
    const key = `${line.event} ${line.kind ?? ''}`
    let window = windows.get(key)
    if (!window) {
      const opened: Window = {
        lines: 0,
        timer: setTimeout(() => end(key, line, opened), LOG.sampleWindow).unref(),
      }
      windows.set(key, opened)
      window = opened
    }
    window.lines += 1
    if (window.lines <= LOG.sampledLines) log.info(line, line.event)
  }

  const flush = (): void => {
    for (const [key, window] of windows) {
      const [event = '', kind] = key.split(' ')
      end(key, { event, ...(kind ? { kind } : {}) }, window)
    }
  }
  return Object.assign(write, { flush })
}
