import type { Logger } from 'pino'
import { LOG } from '../config/defaults'

/** A line about something that strangers can cause as often as they like. `kind` tells kinds of one event apart. */
export interface SampledEvent {
  event: string
  kind?: string
  [field: string]: string | number | null | undefined
}

/** Writes the first lines of each event in a minute, and then one with the number of those left out. */
export interface SampledLog {
  (event: SampledEvent): void
  /** Tells what was left out so far. */
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

  const log = (line: SampledEvent): void => {
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
    if (window.lines <= LOG.sampledLines) logger.info(line, line.event)
  }

  const flush = (): void => {
    for (const [key, window] of windows) {
      const [event = '', kind] = key.split(' ')
      end(key, { event, ...(kind ? { kind } : {}) }, window)
    }
  }
  return Object.assign(log, { flush })
}
