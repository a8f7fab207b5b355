import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { FastifyInstance } from 'fastify'

interface Asset {
  url: string
  type: 'text/css' | 'text/javascript' | 'image/svg+xml'
  body: string
}

/**
 * Serves a text under its URL with its digest as ETag. `no-cache` makes browsers revalidate it each time (304): during a
 * rollout a page must never run with the script of another version.
 */
export function serveAsset(app: FastifyInstance, asset: Asset): void {
  const etag = `"${createHash('sha256').update(asset.body).digest('base64url')}"`
  app.get(asset.url, (request, reply) => {
    void reply.header('etag', etag).header('cache-control', 'no-cache').header('x-content-type-options', 'nosniff')
    if (request.headers['if-none-match'] === etag) return reply.code(304).send()
    return reply.type(`${asset.type}; charset=utf-8`).send(asset.body)
  })
}

/** Reads a file of the `assets` folder beside this module. Throws when the build left it out. */
export function readAsset(name: string): string {
  return readFileSync(join(__dirname, 'assets', name), 'utf8')
}
