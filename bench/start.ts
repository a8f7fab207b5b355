import { startBareServer } from './bareServer'
import { type Measure, atMost, figure } from './report'
import { firstAnswer, startRig } from './rig'
import { medianOf } from './statistics'
import { residentMemoryOf } from '../tests/support/memory'

const ROUNDS = 7
/** MiB of this server after its start. */
const MEMORY = 110

/** From the start of the process to its first answer, on a database that has its tables, and the memory that it holds then. */
export async function start(): Promise<Measure[]> {
  const rig = await startRig({ cost: 12 })
  try {
    const rounds: { bare: number; ours: number; bareMemory: number; memory: number }[] = []
    for (let round = 0; round < ROUNDS; round += 1) {
      const bare = await startBare(rig.databaseUrl)
      const ours = await rig.restart()
      rounds.push({ bare: bare.took, bareMemory: bare.memory, ours, memory: residentMemoryOf(rig.pid()) })
    }
    const median = (of: (round: (typeof rounds)[number]) => number) => medianOf(rounds, of)
    const ratio = median(({ ours, bare }) => ours / bare)
    const memory = median((round) => round.memory)
    return [
      figure('bare Apollo, Fastify and Prisma: first answer', `${median(({ bare }) => bare).toFixed(0)} ms`),
      figure('this server: first answer', `${median(({ ours }) => ours).toFixed(0)} ms`),
      atMost('of the bare one', ratio, { target: 1.2, digits: 2 }),
      figure('memory of the bare one', `${median(({ bareMemory }) => bareMemory).toFixed(0)} MiB`),
      atMost('memory after the start, once ready', memory, { target: MEMORY, unit: 'MiB' }),
    ]
  } finally {
    await rig.close()
  }
}

async function startBare(databaseUrl: string): Promise<{ took: number; memory: number }> {
  const begun = performance.now()
  const bare = await startBareServer(databaseUrl)
  const took = (await firstAnswer(`${bare.url}/graphql?query=%7Bready%7D`, bare.child)) - begun
  const memory = residentMemoryOf(bare.child.pid ?? 0)
  await bare.stop()
  return { took, memory }
}
