import { Logger as JobLogger } from 'graphile-worker'
import type { Logger } from '../ops/logger'

/** Levels of the queue that are kept; a line per job at `info` would say what the counters say. */
const LEVELS: Readonly<Record<string, 'error' | 'warn'>> = { error: 'error', warning: 'warn' }

/** The queue's messages as log lines. What it adds to them is left out: jobs with their payloads. */
export function jobLogger(logger: Logger): JobLogger {
  return new JobLogger(() => (level, message) => logger[LEVELS[level] ?? 'debug'](message))
}

/**
 * A failure as the queue may keep it in the job's row and in the log: its name, its code and where it happened. Messages
 * stay behind, since those of a mail server name the address, and those of a query its values.
 */
export function withoutMessage(failure: unknown): Error {
  const { name, code, stack } = (failure ?? {}) as { name?: unknown; code?: unknown; stack?: unknown }
  const summary = [name, code].filter((part) => typeof part === 'string').join(' ')
  const bare = new Error(summary === '' ? 'Unknown failure' : summary)
  const frames = typeof stack === 'string' ? stack.split('\n').filter((line) => /^\s+at /.test(line)) : []
  bare.stack = [bare.message, ...frames].join('\n')
  return bare
}
