import { Agent, request } from 'node:http'

export interface Timed {
  status: number
  /** Milliseconds from the request to the end of its answer. */
  time: number
  text: string
}

export interface Call {
  method: 'GET' | 'POST'
  url: string
  headers?: Record<string, string>
  body?: unknown
}

/** One connection that stays open, as a client of its own: what it measures does not wait for other calls. */
export function connection(): { send: (call: Call) => Promise<Timed>; close: () => void } {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  const send = ({ method, url, headers, body }: Call): Promise<Timed> =>
    new Promise((resolve, reject) => {
      const payload = body === undefined ? undefined : JSON.stringify(body)
      const begun = performance.now()
      const json =
        payload === undefined
          ? {}
          : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(payload) }
      const sent = request(url, { agent, method, headers: { ...headers, ...json } }, (answer) => {
        const chunks: Buffer[] = []
        answer.on('data', (chunk: Buffer) => chunks.push(chunk))
        answer.on('end', () => {
          const time = performance.now() - begun
          resolve({ status: answer.statusCode ?? 0, time, text: Buffer.concat(chunks).toString() })
        })
      })
      sent.on('error', reject)
      sent.end(payload)
    })
  return { send, close: () => agent.destroy() }
}

/** Calls at a constant rate for some milliseconds, however slow the answers are; the times of all of them. */
export async function atRate(perSecond: number, milliseconds: number, call: Call): Promise<number[]> {
  const lanes = Array.from({ length: 8 }, connection)
  const begun = performance.now()
  const count = Math.floor((perSecond * milliseconds) / 1000)
  const times = Array.from({ length: count }, async (_, index) => {
    const due = begun + (index * 1000) / perSecond
    await new Promise((resolve) => setTimeout(resolve, due - performance.now()))
    await lanes[index % lanes.length]?.send(call)
    return performance.now() - due // from when it was due: a stalled server must not make its own measurements rarer
  })
  const all = await Promise.all(times)
  for (const lane of lanes) lane.close()
  return all
}
