import helmet from '@fastify/helmet'
import type { FastifyInstance } from 'fastify'

/** Two years, as the preload list of browsers asks for. */
export const HSTS = { maxAge: 63_072_000, includeSubDomains: true }

/** Sets security headers on every response, including errors. Pages replace the content security policy in their handlers. */
export async function securityHeaders(app: FastifyInstance, { hsts }: { hsts: boolean }): Promise<void> {
  await app.register(helmet, {
    global: true,
    contentSecurityPolicy: {
      useDefaults: false,
      directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] },
    },
    strictTransportSecurity: hsts ? HSTS : false,
    referrerPolicy: { policy: 'no-referrer' },
    xFrameOptions: { action: 'deny' },
    crossOriginResourcePolicy: { policy: 'same-site' },
    crossOriginEmbedderPolicy: false,
  })
  app.addHook('onRequest', (request, reply, done) => {
    void reply.header('x-request-id', request.id).header('cache-control', 'no-store')
    done()
  })
}

/** Allows the hosts that Apollo Sandbox loads from. Its page also sets a nonce policy of its own. */
export const SANDBOX_POLICY = [
  "default-src 'none'",
  "script-src 'self' 'unsafe-inline' https://embeddable-sandbox.cdn.apollographql.com",
  "style-src 'self' 'unsafe-inline' https://fonts.googleapis.com https://embeddable-sandbox.cdn.apollographql.com",
  'font-src https://fonts.gstatic.com',
  "img-src 'self' data: https://apollo-server-landing-page.cdn.apollographql.com",
  "manifest-src 'self' https://apollo-server-landing-page.cdn.apollographql.com",
  "connect-src 'self'",
  'frame-src https://sandbox.embed.apollographql.com',
].join('; ')
