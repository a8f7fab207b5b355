import { ceilingBeside } from './ceiling'
import { atRate } from './load'
import { type Measure, atLeast, atMost, figure } from './report'
import { startRig } from './rig'
import { percentile } from './statistics'
import { acceptedPerSecond, storm } from './storm'

const COST = 12
const CONNECTIONS = 300
const CROWD = 60_000
const WARM_UP = 30_000
const CEILING = { cost: COST, milliseconds: 12_000 }
/** From when on logins are counted: a queue that is empty at the begin takes all that come until it is full. */
const FIRST = 5_000
/** The default of HASH_MAX_WAIT and a second for everything else. */
const LONGEST = 6_000
const USERS = Array.from({ length: 300 }, (_, index) => `crowd${index}@example.com`)

/** More people at the login than the machine can hash passwords for: what they are told, and whether probes still get through. */
export async function crowd(): Promise<Measure[]> {
  const rig = await startRig({ cost: COST })
  try {
    await rig.addUsers(USERS)
    const liveness = { method: 'GET', url: `${rig.url}/health/live` } as const
    const logins = { url: rig.url, emails: USERS, connections: CONNECTIONS }
    await storm({ ...logins, milliseconds: WARM_UP })
    const before = await ceilingBeside(liveness, CEILING)
    const [answers, live] = await Promise.all([storm({ ...logins, milliseconds: CROWD }), atRate(50, CROWD, liveness)])
    const after = await ceilingBeside(liveness, CEILING)
    const ceiling = (before + after) / 2
    const accepted = acceptedPerSecond(answers, FIRST, CROWD)
    const refused = answers.filter(({ status }) => status === 503).map(({ time }) => time)
    const others = answers.filter(({ status }) => status !== 200 && status !== 503).length
    return [
      figure('bcrypt alone, cost 12, a core each, beside liveness at 50/s', `${ceiling.toFixed(2)} /s`),
      figure('logins accepted, 300 connections', `${accepted.toFixed(2)} /s`),
      atLeast('of what bcrypt alone does', accepted / ceiling, { target: 0.9, digits: 3 }),
      figure('logins refused as OVERLOADED', String(refused.length)),
      atMost('refusals, p95', percentile(refused, 0.95), { target: 400, unit: 'ms' }),
      atMost('other answers', others, { target: 0 }),
      atMost('liveness at 50/s, p95', percentile(live, 0.95), { target: 300, unit: 'ms' }),
      atMost('slowest login', Math.max(...answers.map(({ time }) => time)), { target: LONGEST, unit: 'ms' }),
    ]
  } finally {
    await rig.close()
  }
}
