import autocannon from 'autocannon'
import { startBareServer } from './bareServer'
import { connection } from './load'
import { type Measure, atLeast, figure } from './report'
import { type Tokens, login, startRig } from './rig'
import { medianOf } from './statistics'

const CONNECTIONS = 10
/** Seconds of each round, and how many: bare and ours take turns, so that a busy moment of the machine meets both. */
const ROUND = 3
const ROUNDS = 4
const USERS = Array.from({ length: CONNECTIONS }, (_, index) => `throughput${index}@example.com`)

/** Requests a second of `me` and of refreshSession, against a bare Fastify route that was measured in between. */
export async function throughput(): Promise<Measure[]> {
  const rig = await startRig({ cost: 10 })
  const bare = await startBareServer()
  try {
    await rig.addUsers(USERS)
    const sessions = await Promise.all(USERS.map((email) => login(rig.url, email)))
    const authorization = `Bearer ${sessions[0]?.accessToken ?? ''}`
    const rest = () => perSecond({ url: `${rig.url}/api/auth/me`, headers: { authorization } })
    const me = () => perSecond(graphql(rig.url, '{ me { id email } }', { authorization }))
    const raw = () => perSecond({ url: bare.url })
    const typename = () => perSecond(graphql(bare.url, '{ __typename }'))
    const refresh = () => refreshes(rig.url, sessions)
    await Promise.all([rest(), me(), raw(), typename()]) // warms the paths
    const measured: Round[] = []
    for (let round = 0; round < ROUNDS; round += 1) {
      measured.push({
        ...{
          raw: await raw(),
          rest: await rest(),
          typename: await typename(),
          me: await me(),
          refresh: await refresh(),
        },
      })
    }
    return summary((of) => medianOf(measured, of))
  } finally {
    await bare.stop()
    await rig.close()
  }
}

interface Round {
  /** Requests a second: a constant by Fastify, `me` by REST, a constant by Apollo on Fastify, `me` by GraphQL, refreshSession. */
  raw: number
  rest: number
  typename: number
  me: number
  refresh: number
}

function summary(median: (of: (round: Round) => number) => number): Measure[] {
  const ratio = median(({ me, typename }) => me / typename)
  const refresh = median((round) => round.refresh)
  return [
    figure('bare Fastify, a constant', `${median(({ raw }) => raw).toFixed(0)} /s`),
    figure('me by REST', `${median(({ rest }) => rest).toFixed(0)} /s`),
    figure('me by REST, of bare Fastify', median(({ rest, raw }) => rest / raw).toFixed(3)),
    figure('bare Apollo on Fastify, { __typename }', `${median(({ typename }) => typename).toFixed(0)} /s`),
    figure('me by GraphQL', `${median(({ me }) => me).toFixed(0)} /s`),
    atLeast('me by GraphQL, of bare Apollo', ratio, { target: 0.6, digits: 3 }),
    atLeast('refreshSession', refresh, { target: 800, unit: '/s' }),
    figure('refreshSession, of bare Fastify', median(({ refresh, raw }) => refresh / raw).toFixed(3)),
  ]
}

function graphql(url: string, query: string, headers: Record<string, string> = {}) {
  return {
    ...{ url: `${url}/graphql`, method: 'POST' as const, body: JSON.stringify({ query }) },
    headers: { 'content-type': 'application/json', ...headers },
  }
}

async function perSecond(options: autocannon.Options): Promise<number> {
  const load = { ...options, connections: CONNECTIONS, duration: ROUND, verifyBody: isAnswer }
  const { requests, non2xx, errors, mismatches } = await autocannon(load)
  if (non2xx + errors + mismatches > 0)
    throw new Error(`${options.url}: ${non2xx} failures, ${errors} errors, ${mismatches} refusals`)
  return requests.average
}

/** A refusal by GraphQL is 200 too. */
function isAnswer(body: string | Buffer | undefined): boolean {
  return body?.toString().includes('"errors"') === false
}

/** Each client presents the token that its last refresh gave it, as real ones do. */
async function refreshes(url: string, sessions: Tokens[]): Promise<number> {
  const begun = performance.now()
  let done = 0
  await Promise.all(
    sessions.map(async (session) => {
      const { send, close } = connection()
      while (performance.now() - begun < ROUND * 1000) {
        const body = { refreshToken: session.refreshToken }
        const { status, text } = await send({ method: 'POST', url: `${url}/api/auth/refresh`, body })
        if (status !== 200) throw new Error(`refresh answered ${status}: ${text}`)
        Object.assign(session, (JSON.parse(text) as { tokens: Tokens }).tokens)
        done += 1
      }
      close()
    }),
  )
  return done / ((performance.now() - begun) / 1000)
}
