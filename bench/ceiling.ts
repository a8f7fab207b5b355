import { availableParallelism } from 'node:os'
import bcrypt from 'bcrypt'
import { answerJob, inChild } from './child'

interface Job {
  cost: number
  milliseconds: number
}

/** Comparisons a second that this machine can make with as many at once as it has cores, in a process that does nothing else. */
export function bcryptCeiling(job: Job): Promise<number> {
  return inChild(__filename, job)
}

async function measure({ cost, milliseconds }: Job): Promise<number> {
  const hash = await bcrypt.hash('password', cost)
  const begun = performance.now()
  let done = 0
  const lane = async (): Promise<void> => {
    while (performance.now() - begun < milliseconds) {
      await bcrypt.compare('another one', hash)
      done += 1
    }
  }
  await Promise.all(Array.from({ length: availableParallelism() }, lane))
  return done / ((performance.now() - begun) / 1000)
}

if (require.main === module) void answerJob(measure)
