import { availableParallelism } from 'node:os'
import bcrypt from 'bcrypt'
import { answerJob, inChild } from './child'
import { type Call, atRate } from './load'

interface Job {
  cost: number
  milliseconds: number
}

/** Comparisons a second that this machine can make with as many at once as it has cores, in a process that does nothing else. */
export function bcryptCeiling(job: Job): Promise<number> {
  return inChild(__filename, job)
}

/** The same beside 50 calls a second: what those cost the cores is not the logins' to answer for. */
export async function ceilingBeside(call: Call, job: Job): Promise<number> {
  const started = job.milliseconds + 1_500 // its process takes a second to begin
  const [ceiling] = await Promise.all([bcryptCeiling(job), atRate(50, started, call)])
  return ceiling
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
