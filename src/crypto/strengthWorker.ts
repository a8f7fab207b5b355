import { parentPort } from 'node:worker_threads'
import { createStrengthEstimate } from './strengthEstimate'

/** What the thread is asked, and what it answers: `ready` once, then each estimate in the order of the questions. */
export interface StrengthQuestion {
  password: string
  context: readonly string[]
}

const estimate = createStrengthEstimate()
parentPort?.postMessage('ready')
parentPort?.on('message', ({ password, context }: StrengthQuestion) => {
  parentPort?.postMessage(estimate(password, context))
})
