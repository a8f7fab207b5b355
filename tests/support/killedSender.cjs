// A process of its own, for a test to kill: sends webhooks like any instance, from the built code, since it starts faster.
const { openDatabase } = require('../../dist/store/database')
const { createLogger } = require('../../dist/ops/logger')
const { createSampledLog } = require('../../dist/ops/sampledLog')
const { Dispatcher } = require('../../dist/outbox/dispatcher')
const { deriveSecrets } = require('../../dist/crypto/secrets')
const { WebhookDelivery } = require('../../dist/webhooks/webhookDelivery')

const [url, secret] = process.argv.slice(2)
const database = openDatabase({ url, poolSize: 10, onIdleError: () => undefined })
const logger = createLogger({ level: 'silent', pretty: false })
const kind = new WebhookDelivery({
  ...{ database, logger, sampledLog: createSampledLog(logger), secrets: deriveSecrets(secret, null) },
  ...{ config: { webhookPrivateHosts: ['127.0.0.1'] }, clock: { now: () => new Date() }, observe: () => undefined },
})
new Dispatcher({ database, logger, kind, pollInterval: 20 })
setInterval(() => undefined, 60_000)
