import { parentPort } from 'node:worker_threads'
import { createStrengthEstimate } from './strengthEstimate'

/** A message to the thread. It sends back `ready` once, and then one estimate for each message, in their order. */
export interface StrengthRequest {
  password: string
  context: readonly string[]
}

const estimate = createStrengthEstimate()
parentPort?.postMessage('ready')
parentPort?.on('message', ({ password, context }: StrengthRequest) => {
  parentPort?.postMessage(estimate(password, context))
})
