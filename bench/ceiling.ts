import { fork } from 'node:child_process'
import { once } from 'node:events'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import bcrypt from 'bcrypt'

interface Job {
  cost: number
  milliseconds: number
}

/** Comparisons a second that this machine can make with as many at once as it has cores, in a process that does nothing else. */
export async function bcryptCeiling(job: Job): Promise<number> {
  const child = fork(__filename, [JSON.stringify(job)], {
    execArgv: ['-r', join(__dirname, '../tests/support/registerTypescript.cjs')],
  })
  const [perSecond] = (await once(child, 'message')) as [number]
  return perSecond
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

if (require.main === module) {
  void measure(JSON.parse(process.argv[2] ?? '') as Job).then((perSecond) => process.send?.(perSecond))
}
