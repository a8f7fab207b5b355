import { serializeError } from './logger'
import { outcomeOfClient } from '../errors/requestErrors'
import { UserError } from '../errors/userErrors'

/**
 * All that a span may carry: names, codes and ids of our own. No address, token, statement or parameter, whatever a client
 * sends.
 */
export type SpanAttributes = Partial<
  Record<
    | 'http.request.method'
    | 'http.route'
    | 'gatehouse.request_id'
    | 'gatehouse.outcome'
    | 'gatehouse.mail'
    | 'gatehouse.event'
    | 'db.system.name'
    | 'db.query.summary'
    | 'error.type',
    string
  > &
    Record<'http.response.status_code', number>
>

export interface SpanOptions {
  attributes?: SpanAttributes
  /** What the span stands for: an answer to a request, a call to another server, a delivery from the outbox, or none of these. */
  kind?: 'server' | 'client' | 'consumer'
  /** The span that caused this one elsewhere, as a `traceparent` of W3C Trace Context; ignored if it is malformed. */
  parent?: string | null
}

/** A span that has begun. */
export interface Span {
  traceId: string
  /** Runs `work` so that what it does is part of this span. */
  run<T>(work: () => T): T
  set(attributes: SpanAttributes): void
  /** Marks it as failed, by the name of an error or its code. */
  fail(type: string): void
  end(): void
}

/** Makes spans and exports them. */
export interface Tracer {
  start(name: string, options: SpanOptions): Span
  /** The present span as a `traceparent`; null if there is none. */
  traceparent(): string | null
}

/** One for the process: like the asynchronous context that it follows, it is not handed from function to function. */
let tracer: Tracer | null = null

/** Null turns tracing off. */
export function setTracer(next: Tracer | null): void {
  tracer = next
}

/** Begins a span that its caller ends; null without tracing. */
export function startSpan(name: string, options: SpanOptions): Span | null {
  return tracer === null ? null : tracer.start(name, options)
}

/** The same within a span only: work that nobody requested, such as polling, is not traced. */
export function startChildSpan(name: string, options: SpanOptions): Span | null {
  return traceparent() === null ? null : startSpan(name, options)
}

/** For a row whose delivery belongs to the trace of this request. Null if nothing is traced. */
export function traceparent(): string | null {
  return tracer === null ? null : tracer.traceparent()
}

const NO_SPAN: Pick<Span, 'set' | 'fail'> = { set: () => undefined, fail: () => undefined }

/**
 * Runs `work` in a span that ends with it. An error fails the span, unless it is one that clients expect: that is an
 * outcome. Without tracing it only runs `work`.
 */
export function span<T>(
  name: string,
  options: SpanOptions,
  work: (span: Pick<Span, 'set' | 'fail'>) => Promise<T>,
): Promise<T> {
  const started = startSpan(name, options)
  return started === null ? work(NO_SPAN) : within(started, work)
}

async function within<T>(started: Span, work: (span: Span) => Promise<T>): Promise<T> {
  try {
    return await started.run(() => work(started))
  } catch (error) {
    const outcome = error instanceof UserError ? error.code : outcomeOfClient(error)
    if (outcome === null) started.fail(errorType(error))
    else started.set({ 'gatehouse.outcome': outcome })
    throw error
  } finally {
    started.end()
  }
}

/** The code of an error, or else its name: never its message, which may quote a value. */
export function errorType(error: unknown): string {
  const { name, code } = serializeError(error)
  return String(code ?? name)
}
