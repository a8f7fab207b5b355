import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import fastify from 'fastify'

/** A Fastify that answers one constant JSON object, in a process of its own: what the framework alone can do here. */
export async function startBareRoute(): Promise<{ url: string; stop: () => void }> {
  const child = fork(__filename, {
    execArgv: ['-r', join(__dirname, '../tests/support/registerTypescript.cjs')],
  })
  const [url] = (await once(child, 'message')) as [string]
  return { url, stop: () => child.kill() }
}

async function serve(): Promise<string> {
  const app = fastify({ logger: false })
  const body = { id: '018f0000-0000-7000-8000-000000000000', email: 'ada@example.com', locale: 'en' }
  app.route({ method: ['GET', 'POST'], url: '/', handler: () => body })
  return app.listen({ host: '127.0.0.1', port: 0 })
}

if (require.main === module) void serve().then((url) => process.send?.(url))
