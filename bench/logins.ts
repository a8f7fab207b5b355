import { bcryptCeiling } from './ceiling'
import { type Measure, atLeast, figure } from './report'
import { startRig } from './rig'
import { medianOf } from './statistics'
import { storm } from './storm'

const COST = 12
const CONNECTIONS = 8
/** Milliseconds of each round, and how many: hashes alone and logins take turns, so that a busy moment meets both. */
const ROUND = 10_000
const ROUNDS = 3
const USERS = Array.from({ length: 100 }, (_, index) => `logins${index}@example.com`)

/** Logins on a few connections, against what the same hashes cost alone. */
export async function logins(): Promise<Measure[]> {
  const rig = await startRig({ cost: COST })
  try {
    await rig.addUsers(USERS)
    const job = { url: rig.url, emails: USERS, connections: CONNECTIONS, milliseconds: ROUND }
    await storm(job) // warms the paths
    const rounds: { alone: number; logins: number }[] = []
    for (let round = 0; round < ROUNDS; round += 1) {
      const alone = await bcryptCeiling({ cost: COST, milliseconds: ROUND })
      const answers = await storm(job)
      const refused = answers.filter(({ status }) => status !== 200).length
      if (refused > 0) throw new Error(`${refused} of ${answers.length} logins failed`)
      rounds.push({ alone, logins: answers.length / (Math.max(...answers.map(({ at }) => at)) / 1000) })
    }
    const ratio = medianOf(rounds, (round) => round.logins / round.alone)
    return [
      figure('bcrypt alone, cost 12, a core each', `${medianOf(rounds, ({ alone }) => alone).toFixed(2)} /s`),
      atLeast('logins on 8 connections, of that', ratio, { target: 0.97, digits: 3 }),
    ]
  } finally {
    await rig.close()
  }
}
