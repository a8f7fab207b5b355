import type { Metrics } from './metrics'
import type { Config } from '../config/config'

type TracingConfig = Pick<Config, 'otlpEndpoint' | 'otlpHeaders' | 'serviceName' | 'traceRatio'>

/**
 * Exports traces if a collector is configured. OpenTelemetry is loaded only then: it takes a second and 20 MB. The returned
 * function exports what waits, for a second at most.
 */
export async function startTracing(config: TracingConfig, metrics: Metrics): Promise<() => Promise<void>> {
  const { otlpEndpoint: endpoint, otlpHeaders: headers, serviceName, traceRatio: ratio } = config
  if (endpoint === null) return () => Promise.resolve()
  const { exportTraces } = await import('./traceExport')
  const observe = (outcome: string, spans: number) => metrics.traceSpans.inc({ outcome }, spans)
  return exportTraces({ endpoint, headers, serviceName, ratio, observe })
}
