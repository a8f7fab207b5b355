import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'

/** Runs a job in a process of its own, by the file that calls `answerJob`: what it costs is not the caller's. */
export async function inChild<Answer>(file: string, job: unknown): Promise<Answer> {
  const child = fork(file, [JSON.stringify(job)], {
    execArgv: ['-r', join(__dirname, '../tests/support/registerTypescript.cjs')],
  })
  const [answer] = (await once(child, 'message')) as [Answer]
  return answer
}

/** The other side: does the job that this process was begun for, which the same file has written. */
export async function answerJob(run: (job: never) => Promise<unknown>): Promise<void> {
  process.send?.(await run(JSON.parse(process.argv[2] ?? '') as never))
}
