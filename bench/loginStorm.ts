import { bcryptCeiling } from './ceiling'
import { atRate, connection } from './load'
import { type Measure, figure } from './report'
import { PASSWORD, type Rig, startRig } from './rig'
import { percentile } from './statistics'
import { type LoginAnswer, storm } from './storm'

const COST = 12
const CONNECTIONS = 64
const STORM = 30_000
/** Until the compiler has seen what is hot: a server is not measured by its first seconds. */
const WARM_UP = 60_000
const CEILING = 12_000
/** From when on logins are counted: the first ones take as long as their hash before there is a rate. */
const FIRST = 1_000
/** The default of HASH_MAX_WAIT and a second for everything else. */
const LONGEST = 6_000
const USERS = Array.from({ length: 200 }, (_, index) => `storm${index}@example.com`)

/** Logins on many connections that back off as told: what they cost the machine, and how long everyone else waits. */
export async function loginStorm(): Promise<Measure[]> {
  const rig = await startRig({ cost: COST })
  try {
    await rig.addUsers(USERS)
    const me = { method: 'GET', url: `${rig.url}/api/auth/me`, headers: await signedIn(rig) } as const
    const logins = { url: rig.url, emails: USERS, connections: CONNECTIONS }
    await Promise.all([storm({ ...logins, milliseconds: WARM_UP }), atRate(50, WARM_UP, me)])
    const calm = await atRate(50, 8_000, me)
    const before = await ceilingBeside(me)
    const [answers, stormy] = await Promise.all([storm({ ...logins, milliseconds: STORM }), atRate(50, STORM, me)])
    const after = await ceilingBeside(me)
    return summary({ answers, calm, stormy, ceiling: (before + after) / 2 })
  } finally {
    await rig.close()
  }
}

/** The same traffic of `me` beside it: what that costs the cores is not the logins' to answer for. */
async function ceilingBeside(me: Parameters<typeof atRate>[2]): Promise<number> {
  const started = CEILING + 1_500 // its process takes a second to begin
  const [ceiling] = await Promise.all([bcryptCeiling({ cost: COST, milliseconds: CEILING }), atRate(50, started, me)])
  return ceiling
}

async function signedIn({ url }: Rig): Promise<{ authorization: string }> {
  const { send, close } = connection()
  const body = { email: USERS[0], password: PASSWORD }
  const { text } = await send({ method: 'POST', url: `${url}/api/auth/login`, body })
  close()
  const { tokens } = JSON.parse(text) as { tokens: { accessToken: string } }
  return { authorization: `Bearer ${tokens.accessToken}` }
}

interface Measured {
  answers: LoginAnswer[]
  calm: number[]
  stormy: number[]
  ceiling: number
}

function summary({ answers, calm, stormy, ceiling }: Measured): Measure[] {
  const inTime = answers.filter(({ at }) => at > FIRST && at <= STORM)
  const accepted = inTime.filter(({ status }) => status === 200).length / ((STORM - FIRST) / 1000)
  const refused = answers.filter(({ status }) => status === 503)
  const others = answers.filter(({ status }) => status !== 200 && status !== 503).length
  const slowest = Math.max(...answers.map(({ time }) => time))
  const [p99Calm, p99Storm] = [percentile(calm, 0.99), percentile(stormy, 0.99)]
  const ratio = accepted / ceiling
  return [
    figure('bcrypt alone, cost 12, a core each, beside me at 50/s', `${ceiling.toFixed(2)} /s`),
    figure('logins accepted, 64 connections', `${accepted.toFixed(2)} /s`),
    { what: 'of what bcrypt alone does', measured: ratio.toFixed(3), target: '>= 0.90', met: ratio >= 0.9 },
    figure('logins refused as OVERLOADED', String(refused.length)),
    figure(
      'refusals, p99',
      `${percentile(
        refused.map(({ time }) => time),
        0.99,
      ).toFixed(0)} ms`,
    ),
    { what: 'other answers', measured: String(others), target: '0', met: others === 0 },
    {
      what: 'slowest login',
      measured: `${slowest.toFixed(0)} ms`,
      target: `<= ${LONGEST} ms`,
      met: slowest <= LONGEST,
    },
    figure('me at 50/s, p99, calm', `${p99Calm.toFixed(1)} ms`),
    figure('me at 50/s, p99, during the storm', `${p99Storm.toFixed(1)} ms`),
    {
      what: 'storm to calm',
      measured: (p99Storm / p99Calm).toFixed(2),
      target: '<= 2',
      met: p99Storm / p99Calm <= 2,
    },
  ]
}
