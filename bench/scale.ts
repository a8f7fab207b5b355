import type { Pool } from 'pg'
import { connection } from './load'
import { type Measure, figure } from './report'
import { PASSWORD, type Rig, startRig } from './rig'
import { percentile } from './statistics'

const COST = 10
const SMALL = 1_000
const LARGE = 1_000_000
/** Accounts added by one statement. */
const PART = 100_000
const SESSIONS_EACH = 3
/** Calls of each kind with each number of accounts. */
const CALLS = 300
const USERS = Array.from({ length: 20 }, (_, index) => `scale${index}@example.com`)

/** What a login, `me` and a refresh cost with a million accounts and three million sessions, against a thousand. */
export async function scale(): Promise<Measure[]> {
  const rig = await startRig({ cost: COST })
  try {
    await rig.addUsers(USERS)
    await fill(rig.pool, SMALL)
    await timesOf(rig) // warms the paths
    const small = await timesOf(rig)
    await fill(rig.pool, LARGE - SMALL)
    await timesOf(rig)
    const large = await timesOf(rig)
    return (['login', 'me', 'refresh'] as const).flatMap((call) => {
      const ratio = small[call] / large[call]
      return [
        figure(`${call} with ${SMALL} accounts, median`, `${small[call].toFixed(2)} ms`),
        figure(`${call} with ${LARGE} accounts, median`, `${large[call].toFixed(2)} ms`),
        { what: `${call}: speed kept`, measured: ratio.toFixed(2), target: '>= 0.90', met: ratio >= 0.9 },
      ]
    })
  } finally {
    await rig.close()
  }
}

async function fill(pool: Pool, count: number): Promise<void> {
  for (let filled = 0; filled < count; filled += PART)
    await pool.query(
      `WITH added AS (
         INSERT INTO users (email, password_hash, email_verified_at)
         SELECT gen_random_uuid() || '@example.com', '!', now() FROM generate_series(1, $1) RETURNING id
       )
       INSERT INTO sessions (id, user_id, refresh_token_hash, created_at, last_seen_at, expires_at)
       SELECT gen_random_uuid(), added.id, sha256(gen_random_uuid()::text::bytea), now(), now(), now() + interval '30 days'
       FROM added, generate_series(1, $2)`,
      [Math.min(PART, count - filled), SESSIONS_EACH],
    )
  await pool.query('VACUUM ANALYZE users, sessions') // as autovacuum does in time
}

type Times = Record<'login' | 'me' | 'refresh', number>

/** Median milliseconds of each call, one after another on one connection. */
async function timesOf({ url }: Rig): Promise<Times> {
  const { send, close } = connection()
  const times: Record<keyof Times, number[]> = { login: [], me: [], refresh: [] }
  const timed = async (kind: keyof Times, call: Parameters<typeof send>[0]) => {
    const { status, time, text } = await send(call)
    if (status !== 200) throw new Error(`${kind} answered ${status}: ${text}`)
    times[kind].push(time)
    return text
  }
  for (let index = 0; index < CALLS; index += 1) {
    const body = { email: USERS[index % USERS.length], password: PASSWORD }
    const { tokens } = JSON.parse(await timed('login', { method: 'POST', url: `${url}/api/auth/login`, body })) as {
      tokens: { accessToken: string; refreshToken: string }
    }
    const headers = { authorization: `Bearer ${tokens.accessToken}` }
    await timed('me', { method: 'GET', url: `${url}/api/auth/me`, headers })
    const { refreshToken } = tokens
    await timed('refresh', { method: 'POST', url: `${url}/api/auth/refresh`, body: { refreshToken } })
  }
  close()
  const median = (kind: keyof Times) => percentile(times[kind], 0.5)
  return { login: median('login'), me: median('me'), refresh: median('refresh') }
}
