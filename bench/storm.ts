import { setTimeout as pause } from 'node:timers/promises'
import { answerJob, inChild } from './child'
import { connection } from './load'
import { PASSWORD } from './rig'

interface Job {
  url: string
  emails: readonly string[]
  connections: number
  milliseconds: number
}

export interface LoginAnswer {
  status: number
  /** Milliseconds that it took, and when it was there, counted from the storm's begin. */
  time: number
  at: number
}

/**
 * Logins, each connection one after another, from a process of its own: whoever measures does not wait for it. A connection
 * that is refused waits as long as Retry-After says, and up to a second more so that not all of them return at once.
 */
export function storm(job: Job): Promise<LoginAnswer[]> {
  return inChild(__filename, job)
}

/** Logins accepted a second between two moments of the storm, in milliseconds from its begin. */
export function acceptedPerSecond(answers: readonly LoginAnswer[], from: number, to: number): number {
  return answers.filter(({ status, at }) => status === 200 && at > from && at <= to).length / ((to - from) / 1000)
}

async function run({ url, emails, connections, milliseconds }: Job): Promise<LoginAnswer[]> {
  const answers: LoginAnswer[] = []
  const begun = performance.now()
  const lane = async (_: unknown, index: number): Promise<void> => {
    const { send, close } = connection()
    for (let made = index; performance.now() - begun < milliseconds; made += connections) {
      const body = { email: emails[made % emails.length], password: PASSWORD }
      const { status, time, retryAfter } = await send({ method: 'POST', url: `${url}/api/auth/login`, body })
      answers.push({ status, time, at: performance.now() - begun })
      if (retryAfter !== null) await pause((retryAfter + Math.random()) * 1000)
    }
    close()
  }
  await Promise.all(Array.from({ length: connections }, lane))
  return answers
}

if (require.main === module) void answerJob(run)
