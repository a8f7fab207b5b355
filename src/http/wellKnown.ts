import { createHash } from 'node:crypto'
import type { FastifyInstance } from 'fastify'
import type { Config } from '../config/config'
import { SIGNING_KEYS } from '../config/defaults'
import type { Keyring } from '../crypto/keyring'
import type { Clock } from '../lib/clock'
import { webhookEventSchemas } from '../webhooks/catalogue'

/** The public signing keys (RFC 7517), for any service that verifies access tokens itself. */
export function jwksRoute(app: FastifyInstance, { keyring, clock }: { keyring: Keyring; clock: Clock }): void {
  app.get('/.well-known/jwks.json', (request, reply) => {
    const body = JSON.stringify({ keys: keyring.publicKeys(clock.now()) })
    const etag = `"${createHash('sha256').update(body).digest('base64url')}"`
    void reply
      .header('cache-control', `public, max-age=${SIGNING_KEYS.jwksMaxAge}`)
      .header('access-control-allow-origin', '*')
      .header('etag', etag)
    if (knows(request.headers['if-none-match'], etag)) return reply.code(304).send()
    return reply.type('application/jwk-set+json; charset=utf-8').send(body)
  })
}

/** The JSON Schemas of the events that webhooks tell of. */
export function webhookEventsRoute(app: FastifyInstance): void {
  const body = JSON.stringify({ events: webhookEventSchemas() })
  app.get('/.well-known/webhook-events.json', (_request, reply) =>
    reply.header('access-control-allow-origin', '*').type('application/json; charset=utf-8').send(body),
  )
}

/** RFC 9110 §13.1.2: a list, compared weakly, since a proxy that compresses weakens the tag. */
function knows(ifNoneMatch: string | undefined, etag: string): boolean {
  const tags = ifNoneMatch?.split(',').map((tag) => tag.trim().replace(/^W\//, ''))
  return tags?.some((tag) => tag === etag || tag === '*') ?? false
}

/** Which apps may use the passkeys and saved passwords of this service: most trouble with passkeys on phones is one of these files. */
export function appAssociationRoutes(
  app: FastifyInstance,
  { appleAppIds, androidApps }: Pick<Config, 'appleAppIds' | 'androidApps'>,
): void {
  if (appleAppIds.length > 0) {
    const association = { webcredentials: { apps: appleAppIds } }
    app.get('/.well-known/apple-app-site-association', (_request, reply) => reply.send(association))
  }
  if (androidApps.length > 0) {
    const relation = ['delegate_permission/common.handle_all_urls', 'delegate_permission/common.get_login_creds']
    const links = androidApps.map(({ packageName, fingerprint }) => ({
      relation,
      target: { namespace: 'android_app', package_name: packageName, sha256_cert_fingerprints: [fingerprint] },
    }))
    app.get('/.well-known/assetlinks.json', (_request, reply) => reply.send(links))
  }
}
