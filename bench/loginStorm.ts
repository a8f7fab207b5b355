import { ceilingBeside } from './ceiling'
import { atRate } from './load'
import { type Measure, atLeast, atMost, figure } from './report'
import { meOf, startRig } from './rig'
import { percentile } from './statistics'
import { type LoginAnswer, acceptedPerSecond, storm } from './storm'

const COST = 12
const CONNECTIONS = 64
const STORM = 30_000
/** Until the compiler has seen what is hot: a server is not measured by its first seconds. */
const WARM_UP = 60_000
const CEILING = { cost: COST, milliseconds: 12_000 }
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
    const me = await meOf(rig.url, USERS[0] ?? '')
    const logins = { url: rig.url, emails: USERS, connections: CONNECTIONS }
    await Promise.all([storm({ ...logins, milliseconds: WARM_UP }), atRate(50, WARM_UP, me)])
    const calm = await atRate(50, 8_000, me)
    const before = await ceilingBeside(me, CEILING)
    const [answers, stormy] = await Promise.all([storm({ ...logins, milliseconds: STORM }), atRate(50, STORM, me)])
    const after = await ceilingBeside(me, CEILING)
    return summary({ answers, calm, stormy, ceiling: (before + after) / 2 })
  } finally {
    await rig.close()
  }
}

interface Measured {
  answers: LoginAnswer[]
  calm: number[]
  stormy: number[]
  ceiling: number
}

function summary({ answers, calm, stormy, ceiling }: Measured): Measure[] {
  const accepted = acceptedPerSecond(answers, FIRST, STORM)
  const refused = answers.filter(({ status }) => status === 503).map(({ time }) => time)
  const others = answers.filter(({ status }) => status !== 200 && status !== 503).length
  const slowest = Math.max(...answers.map(({ time }) => time))
  const [p99Calm, p99Storm] = [percentile(calm, 0.99), percentile(stormy, 0.99)]
  return [
    figure('bcrypt alone, cost 12, a core each, beside me at 50/s', `${ceiling.toFixed(2)} /s`),
    figure('logins accepted, 64 connections', `${accepted.toFixed(2)} /s`),
    atLeast('of what bcrypt alone does', accepted / ceiling, { target: 0.9, digits: 3 }),
    figure('logins refused as OVERLOADED', String(refused.length)),
    figure('refusals, p99', `${percentile(refused, 0.99).toFixed(0)} ms`),
    atMost('other answers', others, { target: 0 }),
    atMost('slowest login', slowest, { target: LONGEST, unit: 'ms' }),
    figure('me at 50/s, p99, calm', `${p99Calm.toFixed(1)} ms`),
    figure('me at 50/s, p99, during the storm', `${p99Storm.toFixed(1)} ms`),
    atMost('storm to calm', p99Storm / p99Calm, { target: 2, digits: 2 }),
  ]
}
