// What the frameworks alone do here: a route, a GraphQL field and, with DATABASE_URL, a query by Prisma. Plain JavaScript, so
// that its start costs no compiler. It prints its URL once it listens.
import { ApolloServer } from '@apollo/server'
import fastifyApollo from '@as-integrations/fastify'
import fastify from 'fastify'

const BODY = { id: '018f0000-0000-7000-8000-000000000000', email: 'ada@example.com', locale: 'en' }
const { DATABASE_URL: connectionString } = process.env

const prisma = connectionString === undefined ? null : await openPrisma(connectionString)
const apollo = new ApolloServer({
  typeDefs: 'type Query { ready: Boolean! }',
  resolvers: { Query: { ready: async () => (prisma ? (await prisma.$queryRaw`SELECT 1`).length === 1 : true) } },
})
await apollo.start()
const app = fastify({ logger: false })
app.route({ method: ['GET', 'POST'], url: '/', handler: () => BODY })
await app.register(fastifyApollo(apollo))
console.log(await app.listen({ host: '127.0.0.1', port: 0 }))

async function openPrisma(connectionString) {
  const [{ PrismaPg }, { default: generated }] = await Promise.all([
    import('@prisma/adapter-pg'),
    import('../dist/generated/prisma/client.js'),
  ])
  return new generated.PrismaClient({ adapter: new PrismaPg({ connectionString }) })
}
