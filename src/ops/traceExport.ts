import { AsyncLocalStorage } from 'node:async_hooks'
import {
  type Context,
  ROOT_CONTEXT,
  type SpanContext,
  SpanKind,
  SpanStatusCode,
  TraceFlags,
  isSpanContextValid,
  trace,
} from '@opentelemetry/api'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http'
import { resourceFromAttributes } from '@opentelemetry/resources'
import {
  BatchSpanProcessor,
  ParentBasedSampler,
  type ReadableSpan,
  type SpanExporter,
  type SpanProcessor,
  TraceIdRatioBasedSampler,
  TracerProvider,
  createAlwaysRecordSampler,
} from '@opentelemetry/sdk-trace'
import { LRUCache } from 'lru-cache'
import { type Span, type SpanOptions, type Tracer, setTracer } from './tracing'
import { TRACE } from '../config/defaults'
import { sleep } from '../lib/sleep'

interface TraceOptions {
  /** The collector: spans are posted to `/v1/traces` below it. */
  endpoint: string
  /** `name=value,name=value`, values percent-encoded. */
  headers: string | null
  serviceName: string
  /** The part of the traces that is exported, from 0 to 1. A trace in which an operation or a delivery failed is exported in any case. */
  ratio: number
  /** Counts spans: taken by the collector, refused or not reached, or dropped since too many waited. */
  observe: (outcome: 'exported' | 'failed' | 'dropped', spans: number) => void
}

/** Starts tracing for the process. The returned function exports what waits, for a second at most, and ends tracing. */
export function exportTraces(options: TraceOptions): () => Promise<void> {
  const processor = new KeepingProcessor(options)
  const provider = new TracerProvider({
    resource: resourceFromAttributes({ 'service.name': options.serviceName }),
    sampler: createAlwaysRecordSampler(new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(options.ratio) })),
    spanProcessors: [processor],
  })
  setTracer(createTracer(provider))
  return async () => {
    setTracer(null)
    // The collector may be away: its client would repeat the request for longer than a shutdown may take.
    const cut = new AbortController()
    await Promise.race([provider.shutdown().catch(() => undefined), sleep(TRACE.shutdownTime, cut.signal)])
    cut.abort()
  }
}

const KINDS = { server: SpanKind.SERVER, client: SpanKind.CLIENT, consumer: SpanKind.CONSUMER }

function createTracer(provider: TracerProvider): Tracer {
  const tracer = provider.getTracer('gatehouse')
  const contexts = new AsyncLocalStorage<Context>()
  return {
    start: (name, { attributes = {}, kind, parent }: SpanOptions): Span => {
      const remote = parent === undefined || parent === null ? null : readTraceparent(parent)
      const here = remote ? trace.setSpanContext(ROOT_CONTEXT, remote) : (contexts.getStore() ?? ROOT_CONTEXT)
      const span = tracer.startSpan(name, { attributes, kind: kind ? KINDS[kind] : SpanKind.INTERNAL }, here)
      const context = trace.setSpan(here, span)
      return {
        traceId: span.spanContext().traceId,
        run: (work) => contexts.run(context, work),
        set: (given) => void span.setAttributes(given),
        fail: (type) => void span.setAttribute('error.type', type).setStatus({ code: SpanStatusCode.ERROR }),
        end: () => span.end(),
      }
    },
    traceparent: () => {
      const context = contexts.getStore()
      const span = context && trace.getSpanContext(context)
      return span ? `00-${span.traceId}-${span.spanId}-0${String(span.traceFlags & TraceFlags.SAMPLED)}` : null
    },
  }
}

/** Null if it is malformed (W3C Trace Context §3.2). */
function readTraceparent(text: string): SpanContext | null {
  const [, traceId = '', spanId = '', flags = ''] =
    /^[\da-f]{2}-([\da-f]{32})-([\da-f]{16})-([\da-f]{2})$/.exec(text) ?? []
  const context = { traceId, spanId, traceFlags: parseInt(flags, 16) & TraceFlags.SAMPLED, isRemote: true }
  return isSpanContextValid(context) ? context : null
}

/** Keeps the spans of a trace that was not chosen until its first span here ends, and exports them if something failed. */
class KeepingProcessor implements SpanProcessor {
  private readonly kept = new LRUCache<string, ReadableSpan[]>({ max: TRACE.keptTraces })
  private readonly batches: BatchSpanProcessor
  private waiting = 0

  constructor(private readonly options: TraceOptions) {
    this.batches = new BatchSpanProcessor({
      exporter: this.countingExporter(),
      maxQueueSize: TRACE.maxWaiting,
      scheduledDelayMillis: TRACE.exportDelay,
      exportTimeoutMillis: TRACE.exportTimeout,
    })
  }

  onStart(): void {
    // nothing is known of it yet
  }

  onEnd(span: ReadableSpan): void {
    const { traceId, traceFlags } = span.spanContext()
    if (traceFlags & TraceFlags.SAMPLED) {
      this.export(span)
      return
    }
    const spans = this.kept.get(traceId) ?? []
    if (spans.length < TRACE.keptSpans) spans.push(span)
    const isFirst = span.parentSpanContext === undefined || span.parentSpanContext.isRemote === true
    if (!isFirst) {
      this.kept.set(traceId, spans)
      return
    }
    this.kept.delete(traceId)
    if (spans.some(isFailure)) for (const one of spans) this.export(asSampled(one))
  }

  forceFlush(): Promise<void> {
    return this.batches.forceFlush()
  }

  shutdown(): Promise<void> {
    return this.batches.shutdown()
  }

  /** Counts what it drops: the batches would drop it without a word. */
  private export(span: ReadableSpan): void {
    if (this.waiting >= TRACE.maxWaiting) {
      this.options.observe('dropped', 1)
      return
    }
    this.waiting += 1
    this.batches.onEnd(span)
  }

  private countingExporter(): SpanExporter {
    const { endpoint, headers } = this.options
    const exporter = new OTLPTraceExporter({
      url: `${endpoint.replace(/\/$/, '')}/v1/traces`,
      headers: headersOf(headers ?? ''),
      timeoutMillis: TRACE.exportTimeout,
    })
    return {
      export: (spans, done) =>
        exporter.export(spans, (result) => {
          this.waiting -= spans.length
          this.options.observe(result.error === undefined ? 'exported' : 'failed', spans.length)
          done(result)
        }),
      shutdown: () => exporter.shutdown(),
    }
  }
}

/** A statement or a mail that fails may be expected, or repeated: what it is part of decides. */
function isFailure({ status, kind }: ReadableSpan): boolean {
  return status.code === SpanStatusCode.ERROR && kind !== SpanKind.CLIENT
}

/** The batches take sampled spans only. */
function asSampled(span: ReadableSpan): ReadableSpan {
  const context = { ...span.spanContext(), traceFlags: TraceFlags.SAMPLED }
  return Object.create(span, { spanContext: { value: () => context } }) as ReadableSpan
}

function headersOf(text: string): Record<string, string> {
  const entries = text.split(',').filter((entry) => entry.includes('='))
  return Object.fromEntries(
    entries.map((entry) => {
      const [name = '', ...value] = entry.split('=')
      return [name.trim(), decodeURIComponent(value.join('=').trim())]
    }),
  )
}
