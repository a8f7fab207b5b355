import { setTimeout as pause } from 'node:timers/promises'
import type { Pool } from 'pg'
import { atRate, connection } from './load'
import { type Measure, atLeast, atMost, figure } from './report'
import { PASSWORD, type Rig, meOf, startRig } from './rig'
import { percentile } from './statistics'

const COST = 10
const SMALL = 1_000
const LARGE = 1_000_000
/** Accounts added by one statement. */
const PART = 100_000
const SESSIONS_EACH = 3
/** Calls of each kind with each number of accounts. */
const CALLS = 300
/** Milliseconds of `me` without a purge, and the longest answer that is no pause for the one who waits. */
const CALM = 10_000
const LONGEST = 250
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
    const tables = ['users', 'sessions', 'audit_events', 'replaced_refresh_tokens'] as const
    const sizes: Measure[] = []
    for (const table of tables) sizes.push(await sizeOf(rig.pool, table))
    const purge = await whilePurging(rig)
    return [
      ...(['login', 'me', 'refresh'] as const).flatMap((call) => {
        const ratio = small[call] / large[call]
        return [
          figure(`${call} with ${SMALL} accounts, median`, `${small[call].toFixed(2)} ms`),
          figure(`${call} with ${LARGE} accounts, median`, `${large[call].toFixed(2)} ms`),
          atLeast(`${call}: speed kept`, ratio, { target: 0.9, digits: 2 }),
        ]
      }),
      ...sizes,
      ...purge,
    ]
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

/** Bytes of a row with its part of the indexes. */
async function sizeOf(
  pool: Pool,
  table: 'users' | 'sessions' | 'audit_events' | 'replaced_refresh_tokens',
): Promise<Measure> {
  const { rows } = await pool.query<{ bytes: number }>(
    `SELECT pg_total_relation_size('${table}')::float8 / count(*) AS bytes FROM ${table}`,
  )
  return figure(`a row of ${table} with its indexes`, `${(rows[0]?.bytes ?? 0).toFixed(0)} bytes`)
}

/** `me` at 50/s while another process purges a third of the sessions, against the same without it. */
async function whilePurging(rig: Rig): Promise<Measure[]> {
  const me = await meOf(rig.url, USERS[0] ?? '')
  await endSessions(rig.pool)
  const calm = await atRate(50, CALM, me)
  const due = await endedSessions(rig.pool)
  await rig.addInstance('worker') // it purges within a minute of its start
  while ((await endedSessions(rig.pool)) === due) await pause(100)
  const begun = performance.now()
  const during: number[] = []
  while ((await endedSessions(rig.pool)) > 0) during.push(...(await atRate(50, 1_000, me)))
  const took = (performance.now() - begun) / 1000
  const [p99Calm, p99Purge] = [percentile(calm, 0.99), percentile(during, 0.99)]
  return [
    figure(`purge of ${due} sessions`, `${took.toFixed(0)} s`),
    figure('me at 50/s, p99, calm', `${p99Calm.toFixed(1)} ms`),
    figure('me at 50/s, p99, during the purge', `${p99Purge.toFixed(1)} ms`),
    atMost('the longest me during the purge', Math.max(...during), { target: LONGEST, unit: 'ms' }),
  ]
}

/** Ends one session of each filled account, long enough ago for the purge. */
async function endSessions(pool: Pool): Promise<void> {
  await pool.query(
    `UPDATE sessions SET revoked_at = now() - interval '400 days' WHERE id IN (
       SELECT DISTINCT ON (user_id) sessions.id FROM sessions JOIN users ON users.id = user_id WHERE password_hash = '!')`,
  )
  await pool.query('VACUUM ANALYZE sessions')
}

async function endedSessions(pool: Pool): Promise<number> {
  const { rows } = await pool.query<{ count: string }>('SELECT count(*) FROM sessions WHERE revoked_at IS NOT NULL')
  return Number(rows[0]?.count)
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
