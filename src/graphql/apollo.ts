import { ApolloServer } from '@apollo/server'
import {
  ApolloServerPluginCacheControlDisabled,
  ApolloServerPluginLandingPageDisabled,
} from '@apollo/server/plugin/disabled'
import { ApolloServerPluginLandingPageLocalDefault } from '@apollo/server/plugin/landingPage/default'
import type { GraphQLSchema } from 'graphql'
import { limitsRule } from './limits'
import { asGraphQLError, presentError } from './presentError'
import { type Answering, responsePlugin } from './responsePlugin'
import { GRAPHQL } from '../config/defaults'
import type { Logger } from '../ops/logger'

interface ApolloOptions {
  schema: GraphQLSchema
  /** Enables introspection, Apollo Sandbox, and error messages that name parts of the schema. */
  sandbox: boolean
  cookie: Parameters<typeof responsePlugin>[0]['cookie']
  logger: Logger
  /** The first document in the Sandbox. */
  document: string
}

/** The first document of the public API; it runs unchanged. */
export const FIRST_DOCUMENT = `# Welcome to Gatehouse. Pick an operation and press the button above it.
query PasswordPolicy {
  passwordPolicy {
    minLength
    maxLength
    minScore
  }
}

mutation Register {
  register(input: { email: "ada@example.com", password: "violet tractor seven moons" }) {
    __typename
    ... on RegisterSuccess { email }
    ... on UserError { code message }
  }
}

# The mail that registering caused, with the token that VerifyEmail takes. Also at /dev/inbox.
query Inbox {
  devInbox(to: "ada@example.com") { subject token }
}

mutation VerifyEmail($token: String!) {
  verifyEmail(input: { token: $token }) {
    __typename
    ... on UserError { code message }
  }
}

mutation Login {
  login(input: { email: "ada@example.com", password: "violet tractor seven moons" }) {
    __typename
    ... on LoginSuccess { tokens { accessToken } }
    ... on UserError { code message }
  }
}

# Send the header Authorization: Bearer <accessToken>.
query Me {
  me { id email sessions { id current } }
}`

/** Logs only the place of the call: Apollo's lines contain error messages, which may quote a value. */
export function withoutMessages(logger: Logger): Record<'debug' | 'info' | 'warn' | 'error', () => void> {
  const at = (level: 'debug' | 'info' | 'warn' | 'error') => () => {
    logger[level]({ event: 'apollo_problem', err: new Error('reported by Apollo') }, 'apollo_problem')
  }
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }
}

export function createApollo<Of extends Answering>({
  schema,
  sandbox,
  cookie,
  logger,
  document,
}: ApolloOptions): ApolloServer<Of> {
  const landingPage = sandbox
    ? ApolloServerPluginLandingPageLocalDefault({
        footer: false,
        embed: { runTelemetry: false },
        document,
      })
    : ApolloServerPluginLandingPageDisabled()
  return new ApolloServer<Of>({
    schema,
    logger: withoutMessages(logger),
    introspection: sandbox,
    csrfPrevention: true,
    allowBatchedHttpRequests: false,
    persistedQueries: false,
    includeStacktraceInErrorResponses: false,
    hideSchemaDetailsFromClientErrors: !sandbox,
    stopOnTerminationSignals: false, // main.ts closes everything in order
    parseOptions: { maxLexicalTokens: GRAPHQL.maxTokens },
    validationOptions: { maxErrors: GRAPHQL.maxErrors },
    validationRules: [limitsRule],
    // No answer may be cached: Apollo's reckoning of that would run for every field of each request.
    plugins: [landingPage, ApolloServerPluginCacheControlDisabled(), responsePlugin({ detailed: sandbox, cookie })],
    // For protocol errors, which occur before there is a context; responsePlugin formats all others.
    formatError: (formatted, error) =>
      presentError(asGraphQLError(error, formatted), { locale: 'en', requestId: null, detailed: sandbox }),
  })
}
