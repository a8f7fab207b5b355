import autocannon from 'autocannon'
import { startBareRoute } from './bareRoute'
import { connection } from './load'
import { type Measure, figure } from './report'
import { PASSWORD, startRig } from './rig'
import { percentile } from './statistics'

const CONNECTIONS = 10
/** Seconds of each round, and how many: bare and ours take turns, so that a busy moment of the machine meets both. */
const ROUND = 3
const ROUNDS = 4
const USERS = Array.from({ length: CONNECTIONS }, (_, index) => `throughput${index}@example.com`)

/** Requests a second of `me` and of refreshSession, against a bare Fastify route that was measured in between. */
export async function throughput(): Promise<Measure[]> {
  const rig = await startRig({ cost: 10 })
  const bare = await startBareRoute()
  try {
    await rig.addUsers(USERS)
    const sessions = await Promise.all(USERS.map((email) => login(rig.url, email)))
    const authorization = `Bearer ${sessions[0]?.accessToken ?? ''}`
    const me = () => perSecond({ url: `${rig.url}/api/auth/me`, headers: { authorization } })
    const raw = () => perSecond({ url: bare.url })
    const refresh = () => refreshes(rig.url, sessions)
    await Promise.all([me(), raw()]) // warms the paths
    const measured: { raw: number; me: number; refresh: number }[] = []
    for (let round = 0; round < ROUNDS; round += 1) {
      measured.push({ raw: await raw(), me: await me(), refresh: await refresh() })
    }
    const median = (of: (round: (typeof measured)[number]) => number) => percentile(measured.map(of), 0.5)
    return [
      figure('bare Fastify route', `${median(({ raw }) => raw).toFixed(0)} /s`),
      figure('me', `${median(({ me }) => me).toFixed(0)} /s`),
      figure('me, of the bare route', median(({ me, raw }) => me / raw).toFixed(3)),
      figure('refreshSession', `${median(({ refresh }) => refresh).toFixed(0)} /s`),
      figure('refreshSession, of the bare route', median(({ refresh, raw }) => refresh / raw).toFixed(3)),
    ]
  } finally {
    bare.stop()
    await rig.close()
  }
}

async function perSecond(options: { url: string; headers?: Record<string, string> }): Promise<number> {
  const { requests, non2xx, errors } = await autocannon({ ...options, connections: CONNECTIONS, duration: ROUND })
  if (non2xx > 0 || errors > 0) throw new Error(`${options.url}: ${non2xx} failures, ${errors} errors`)
  return requests.average
}

interface Session {
  accessToken: string
  refreshToken: string
}

async function login(url: string, email: string): Promise<Session> {
  const { send, close } = connection()
  const { text } = await send({ method: 'POST', url: `${url}/api/auth/login`, body: { email, password: PASSWORD } })
  close()
  return (JSON.parse(text) as { tokens: Session }).tokens
}

/** Each client presents the token that its last refresh gave it, as real ones do. */
async function refreshes(url: string, sessions: Session[]): Promise<number> {
  const begun = performance.now()
  let done = 0
  await Promise.all(
    sessions.map(async (session) => {
      const { send, close } = connection()
      while (performance.now() - begun < ROUND * 1000) {
        const body = { refreshToken: session.refreshToken }
        const { status, text } = await send({ method: 'POST', url: `${url}/api/auth/refresh`, body })
        if (status !== 200) throw new Error(`refresh answered ${status}: ${text}`)
        Object.assign(session, (JSON.parse(text) as { tokens: Session }).tokens)
        done += 1
      }
      close()
    }),
  )
  return done / ((performance.now() - begun) / 1000)
}
