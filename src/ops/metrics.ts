import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client'

export type Metrics = ReturnType<typeof createMetrics>

/** Every metric, declared once. Labels have few values: never an address, an id or a path with a token in it. */
export function createMetrics() {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  return {
    registry,
    requests: new Histogram({
      registers: [registry],
      name: 'gatehouse_http_request_duration_seconds',
      help: 'Time from a request to its answer',
      labelNames: ['method', 'route', 'status'],
      buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    }),
    operations: new Counter({
      registers: [registry],
      name: 'gatehouse_operations_total',
      help: 'Mutations by field and outcome: SUCCESS, or the code of the failure',
      labelNames: ['field', 'outcome'],
    }),
    secondFactorProofs: new Counter({
      registers: [registry],
      name: 'gatehouse_second_factor_proofs_total',
      help: 'Codes of a second factor that were compared, by kind and outcome: right or wrong',
      labelNames: ['kind', 'outcome'],
    }),
    listening: new Gauge({
      registers: [registry],
      name: 'gatehouse_change_listener_up',
      help: '1 while changes of sessions are heard, and the session cache is used',
    }),
    traceSpans: new Counter({
      registers: [registry],
      name: 'gatehouse_trace_spans_total',
      help: 'Spans by outcome: exported, failed (the collector refused them or was away), dropped (too many waited)',
      labelNames: ['outcome'],
    }),
    ...poolMetrics([registry]),
    ...hashMetrics([registry]),
    ...mailMetrics([registry]),
    ...webhookMetrics([registry]),
  }
}

function poolMetrics(registers: Registry[]) {
  return {
    poolConnections: new Gauge({
      registers,
      name: 'gatehouse_database_connections',
      help: 'Connections of the pool, by state: busy or idle',
      labelNames: ['state'],
    }),
    poolWaiting: new Gauge({
      registers,
      name: 'gatehouse_database_waiting',
      help: 'Requests for a connection that wait, since the pool has none left',
    }),
  }
}

function hashMetrics(registers: Registry[]) {
  return {
    hashWaiting: new Gauge({
      registers,
      name: 'gatehouse_hash_waiting',
      help: 'Password hashes that wait in the queue',
    }),
    hashRunning: new Gauge({ registers, name: 'gatehouse_hash_running', help: 'Password hashes under way' }),
    hashRefused: new Counter({ registers, name: 'gatehouse_hash_refused_total', help: 'Hashes refused as OVERLOADED' }),
    hashDropped: new Counter({
      registers,
      name: 'gatehouse_hash_dropped_total',
      help: 'Hashes dropped while they waited: the client disconnected, or the maximum wait was over',
    }),
    hashWait: new Histogram({
      registers,
      name: 'gatehouse_hash_wait_seconds',
      help: 'Time that a hash waited in the queue',
      buckets: [0.001, 0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
    }),
    hashDuration: new Histogram({
      registers,
      name: 'gatehouse_hash_duration_seconds',
      help: 'Time that one hash took',
      buckets: [0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 1, 2],
    }),
  }
}

function mailMetrics(registers: Registry[]) {
  return {
    mailsSent: new Counter({
      registers,
      name: 'gatehouse_mails_sent_total',
      help: 'Mails taken by the mail server',
      labelNames: ['mail'],
    }),
    mailsFailed: new Counter({
      registers,
      name: 'gatehouse_mails_failed_total',
      help: 'Tries that failed',
      labelNames: ['mail', 'reason'],
    }),
    mailsDropped: new Counter({
      registers,
      name: 'gatehouse_mails_dropped_total',
      help: 'Mails that were not sent, since they had become useless',
      labelNames: ['mail', 'reason'],
    }),
    mailsWaiting: new Gauge({ registers, name: 'gatehouse_mails_waiting', help: 'Mails in the outbox' }),
    mailsOldest: new Gauge({
      registers,
      name: 'gatehouse_mails_oldest_seconds',
      help: 'Age of the oldest mail in the outbox',
    }),
  }
}

function webhookMetrics(registers: Registry[]) {
  return {
    webhookAttempts: new Counter({
      registers,
      name: 'gatehouse_webhook_attempts_total',
      help: 'Attempts to deliver an event, by outcome: delivered, failed, given_up',
      labelNames: ['outcome'],
    }),
    webhooksWaiting: new Gauge({
      registers,
      name: 'gatehouse_webhooks_waiting',
      help: 'Deliveries that wait for enabled endpoints',
    }),
    webhooksOldest: new Gauge({
      registers,
      name: 'gatehouse_webhooks_oldest_seconds',
      help: 'Age of the oldest of them',
    }),
  }
}
