import type { Logger, RequestLog } from './logger'
import { LOG } from '../config/defaults'

/** An event that anyone can cause any number of times. Lines are counted by `event` and `kind`. */
export interface SampledEvent {
  event: string
  kind?: string
  [field: string]: string | number | null | undefined
}

type Level = 'info' | 'warn' | 'error'

interface LineOptions {
  level?: Level
  /** Default: the event's name. */
  message?: string
}

/** Writes the first lines of each event in a minute to the given log, then one line with the number of omitted ones. */
export interface SampledLog {
  (log: RequestLog, event: SampledEvent, options?: LineOptions): void
  /** Writes the numbers of lines omitted so far. */
  flush: () => void
}

interface Window {
  event: string
  kind: string | undefined
  level: Level
  lines: number
  timer: NodeJS.Timeout
}

export function createSampledLog(logger: Logger): SampledLog {
  const windows = new Map<string, Window>()

  const end = (key: string, { event, kind, level, lines, timer }: Window): void => {
    windows.delete(key)
    clearTimeout(timer)
    const suppressed = lines - LOG.sampledLines
    if (suppressed > 0) logger[level]({ event, kind, suppressed }, `${event}: ${suppressed} more within a minute`)
  }

  const open = (key: string, { event, kind }: SampledEvent, level: Level): Window => {
    const timer = setTimeout(() => end(key, window), LOG.sampleWindow).unref()
    const window = { event, kind, level, lines: 0, timer }
    windows.set(key, window)
    return window
  }

  const write = (log: RequestLog, line: SampledEvent, { level = 'info', message = line.event }: LineOptions = {}) => {
    const key = `${line.event} ${line.kind ?? ''}`
    const window = windows.get(key) ?? open(key, line, level)
    window.lines += 1
    if (window.lines <= LOG.sampledLines) log[level](line, message)
  }

  const flush = (): void => {
    for (const [key, window] of windows) end(key, window)
  }
  return Object.assign(write, { flush })
}
