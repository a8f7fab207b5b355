import autocannon from 'autocannon'
import { type Call, atRate } from './load'
import { type Measure, atMost, figure } from './report'
import { PASSWORD, meOf, startRig } from './rig'
import { percentile } from './statistics'
import { storm } from './storm'
import { residentMemoryOf } from '../tests/support/memory'

const MINUTE = 60_000
const MINUTES = 10
/** MiB of this server after all loads, and how far its memory may rise between the first three and the last three minutes. */
const MEMORY = 220
const RISE = 10
const USERS = Array.from({ length: 100 }, (_, index) => `endurance${index}@example.com`)

/** Whether memory grows: every load at its full speed first, then ten minutes of 100 `me` and five logins a second. */
export async function endurance(): Promise<Measure[]> {
  const rig = await startRig({ cost: 10 })
  try {
    await rig.addUsers(USERS)
    const me = await meOf(rig.url, USERS[0] ?? '')
    const logins = { url: rig.url, emails: USERS }
    await autocannon({ ...me, connections: 50, duration: 30 })
    await storm({ ...logins, connections: 300, milliseconds: MINUTE / 2 })

    const steady = USERS.slice(0, 5).map((email): Call => {
      return { method: 'POST', url: `${rig.url}/api/auth/login`, body: { email, password: PASSWORD } }
    })
    const memory: number[] = []
    for (let minute = 0; minute < MINUTES; minute += 1) {
      await Promise.all([atRate(100, MINUTE, me), ...steady.map((login) => atRate(1, MINUTE, login))])
      memory.push(residentMemoryOf(rig.pid()))
    }
    const rise = percentile(memory.slice(-3), 0.5) - percentile(memory.slice(0, 3), 0.5)
    return [
      figure('memory at the end of each minute', `${memory.map((each) => each.toFixed(0)).join(', ')} MiB`),
      atMost('the largest', Math.max(...memory), { target: MEMORY, unit: 'MiB' }),
      atMost('rise over ten minutes', rise, { target: RISE, unit: 'MiB' }),
    ]
  } finally {
    await rig.close()
  }
}
