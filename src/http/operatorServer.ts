import type { ApolloServer } from '@apollo/server'
import type { FastifyInstance } from 'fastify'
import { type BaseParts, baseServer } from './baseServer'
import { clientInfoOf } from './clientInfo'
import { graphqlRoute } from './graphqlRoute'
import { jsonBodies } from './jsonBodies'
import { refreshCookie } from './refreshCookie'
import { limitShape } from './requestShape'
import { createApollo } from '../graphql/apollo'
import { type OperatorContext, createOperatorContext } from '../graphql/operators/context'
import { createOperatorSchema } from '../graphql/operators/schema'
import type { Deps } from '../services/deps'

/** The first document in the operators' Sandbox. */
const FIRST_DOCUMENT = `# Send the header Authorization: Bearer <token>: the access token of an operator who logged in
# with two factors, or a service key. \`gatehouse operators add ADDRESS\` makes the first operator.
query Users {
  users(filter: { emailPrefix: "a" }, first: 20) {
    edges { node { id email emailVerified disabled roles lastLoginAt } }
    pageInfo { hasNextPage endCursor }
  }
}`

/** Builds the operator API and starts it. Its schema has nothing in common with the public one. */
export async function startOperatorApollo({ config, logger }: Deps): Promise<ApolloServer<OperatorContext>> {
  const apollo = createApollo<OperatorContext>({
    schema: createOperatorSchema({ traced: config.otlpEndpoint !== null }),
    sandbox: config.sandbox,
    cookie: refreshCookie({ secure: config.secureCookies }),
    logger,
    document: FIRST_DOCUMENT,
  })
  await apollo.start()
  return apollo
}

export function operatorRoute(
  app: FastifyInstance,
  { deps, apollo }: { deps: Deps; apollo: ApolloServer<OperatorContext> },
): void {
  graphqlRoute<OperatorContext>(app, {
    url: '/operator/graphql',
    apollo,
    sandbox: deps.config.sandbox,
    contextOf: (request, reply) =>
      createOperatorContext({
        deps,
        client: clientInfoOf(request, reply),
        authorization: request.headers.authorization,
      }),
  })
}

/**
 * Starts a server for the operator API alone, on OPERATOR_PORT, so that a firewall can keep it from the internet.
 */
export async function startOperatorServer(parts: BaseParts & { deps: Deps }, port: number): Promise<FastifyInstance> {
  const { host } = parts.deps.config
  const app = baseServer(parts)
  jsonBodies(app)
  limitShape(app)
  const apollo = await startOperatorApollo(parts.deps)
  operatorRoute(app, { deps: parts.deps, apollo })
  app.addHook('onClose', () => apollo.stop())
  await app.listen({ host, port })
  return app
}
