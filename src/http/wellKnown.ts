import { createHash } from 'node:crypto'
import type { FastifyInstance } from 'fastify'
import type { Config } from '../config/config'
import { SIGNING_KEYS } from '../config/defaults'
import type { Keyring } from '../crypto/keyring'
import { type Clock, later } from '../lib/clock'
import { webhookEventSchemas } from '../webhooks/catalogue'

/** Everything under `/.well-known/` (RFC 8615). */
export function wellKnownRoutes(
  app: FastifyInstance,
  { config, keyring, clock }: { config: Config; keyring: Keyring; clock: Clock },
): void {
  jwksRoute(app, { keyring, clock })
  webhookEventsRoute(app)
  appAssociationRoutes(app, config)
  discoveryRoutes(app, config)
  helpfulRoutes(app, config, clock)
}

/** The public signing keys (RFC 7517), for any service that verifies access tokens itself. */
function jwksRoute(app: FastifyInstance, { keyring, clock }: { keyring: Keyring; clock: Clock }): void {
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
function webhookEventsRoute(app: FastifyInstance): void {
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
function appAssociationRoutes(
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

/**
 * Where verifiers find the keys by the issuer's URL alone (RFC 8414, OpenID Connect Discovery 1.0). No grant is offered over
 * OAuth: clients log in by GraphQL or REST, so there is no authorisation and no token endpoint.
 */
function discoveryRoutes(app: FastifyInstance, { publicUrl }: Pick<Config, 'publicUrl'>): void {
  const metadata = {
    issuer: publicUrl,
    jwks_uri: `${publicUrl}/.well-known/jwks.json`,
    response_types_supported: [],
    grant_types_supported: [],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: ['ES256'],
    introspection_endpoint: `${publicUrl}/oauth/introspect`,
    introspection_endpoint_auth_methods_supported: ['client_secret_basic'],
    revocation_endpoint: `${publicUrl}/oauth/revoke`,
    revocation_endpoint_auth_methods_supported: ['none'],
    claims_supported: [
      'iss',
      'aud',
      'sub',
      'sid',
      'jti',
      'iat',
      'exp',
      'acr',
      'amr',
      'auth_time',
      'roles',
      'client_id',
    ],
  }
  for (const name of ['openid-configuration', 'oauth-authorization-server']) {
    app.get(`/.well-known/${name}`, (_request, reply) =>
      reply
        .header('cache-control', `public, max-age=${SIGNING_KEYS.jwksMaxAge}`)
        .header('access-control-allow-origin', '*')
        .send(metadata),
    )
  }
}

/** Where password managers send a person who wants to change a password (W3C), and where finders of faults write (RFC 9116). */
function helpfulRoutes(
  app: FastifyInstance,
  { hostedPages, securityContact, publicUrl }: Pick<Config, 'hostedPages' | 'securityContact' | 'publicUrl'>,
  clock: Clock,
): void {
  if (hostedPages) app.get('/.well-known/change-password', (_request, reply) => reply.redirect('/account', 302))
  if (securityContact !== null) {
    app.get('/.well-known/security.txt', (_request, reply) => {
      const expires = later(clock.now(), SECURITY_TXT_LIFE).toISOString()
      const lines = [
        `Contact: ${securityContact}`,
        `Expires: ${expires}`,
        `Canonical: ${publicUrl}/.well-known/security.txt`,
      ]
      return reply.type('text/plain; charset=utf-8').send(`${lines.join('\n')}\n`)
    })
  }
}

/** Milliseconds: RFC 9116 §2.5.5 recommends less than a year. */
const SECURITY_TXT_LIFE = 90 * 86_400_000
