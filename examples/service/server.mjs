// A service that trusts Gatehouse's access tokens. Start it with: node examples/service/server.mjs
import fastify from 'fastify'
import { createRemoteJWKSet, jwtVerify } from 'jose'

const { PORT = '3001', GATEHOUSE_URL = 'http://localhost:4000' } = process.env
const keys = createRemoteJWKSet(new URL('/.well-known/jwks.json', GATEHOUSE_URL))
const rules = { issuer: GATEHOUSE_URL, audience: GATEHOUSE_URL, algorithms: ['ES256'], typ: 'at+jwt' }

/** What jose throws for the token itself. */
const WRONG_TOKEN = /^ERR_(JWT|JWS|JOSE_ALG|JOSE_NOT_SUPPORTED|JWKS_NO_MATCHING_KEY)/

const app = fastify()
app.decorateRequest('user', null)

app.addHook('onRequest', async (request, reply) => {
  const token = request.headers.authorization?.replace(/^Bearer +/i, '') ?? ''
  try {
    const { payload } = await jwtVerify(token, keys, rules)
    request.user = { id: payload.sub, roles: payload.roles ?? [] }
  } catch (error) {
    // Keys that cannot be fetched are no reason to call a token wrong.
    if (!WRONG_TOKEN.test(error.code)) return reply.code(503).header('retry-after', 5).send()
    return reply.code(401).header('www-authenticate', 'Bearer').send({ error: 'a valid access token is needed' })
  }
})

app.get('/orders', (request) => ({ user: request.user.id, orders: [] }))
app.delete('/orders', (request, reply) => {
  if (!request.user.roles.includes('editor')) return reply.code(403).send({ error: 'the role editor is needed' })
  return { deleted: 0 }
})

console.log(await app.listen({ port: Number(PORT), host: 'localhost' }))
