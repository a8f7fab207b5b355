import { type Socket, connect } from 'node:net'

export interface Timed {
  status: number
  /** Milliseconds from the request to the end of its answer. */
  time: number
  /** The Retry-After header, in seconds; null without one. */
  retryAfter: number | null
  text: string
}

export interface Call {
  method: 'GET' | 'POST'
  url: string
  headers?: Record<string, string>
  body?: unknown
}

interface Connection {
  /** One call after another: the next may follow when the answer is there. */
  send: (call: Call) => Promise<Timed>
  close: () => void
}

/**
 * One connection that stays open, as a client of its own: what it measures does not wait for other calls. It speaks no more
 * HTTP than it must, since whatever it costs is taken from the machine that it measures.
 */
export function connection(): Connection {
  let socket: Socket | null = null
  const send = ({ method, url, headers, body }: Call): Promise<Timed> =>
    new Promise((resolve, reject) => {
      const { hostname, port, pathname } = new URL(url)
      const payload = body === undefined ? '' : JSON.stringify(body)
      const json = payload && { 'content-type': 'application/json', 'content-length': Buffer.byteLength(payload) }
      const lines = Object.entries({ host: `${hostname}:${port}`, ...headers, ...json })
      const head = [`${method} ${pathname} HTTP/1.1`, ...lines.map(([name, value]) => `${name}: ${value}`)].join('\r\n')

      const begun = performance.now()
      const used =
        socket && !socket.destroyed ? socket : connect(Number(port), hostname).setNoDelay().on('error', quiet)
      socket = used
      let text = ''
      const lost = (): void => reject(new Error('The connection ended before the answer'))
      const read = (chunk: Buffer): void => {
        text += chunk.toString('latin1')
        const answer = answerIn(text)
        if (!answer) return
        used.off('data', read).off('close', lost)
        resolve({ ...answer, time: performance.now() - begun })
      }
      used.on('data', read).once('close', lost)
      used.write(`${head}\r\n\r\n${payload}`)
    })
  return { send, close: () => socket?.destroy() }
}

/** A socket that fails closes too: `lost` rejects then. */
const quiet = (): void => undefined

/** The answer, once all of it is there. Bytes as latin1, so that a length counts them. */
function answerIn(bytes: string): Omit<Timed, 'time'> | null {
  const end = bytes.indexOf('\r\n\r\n')
  if (end < 0) return null
  const head = bytes.slice(0, end)
  const length = /^content-length: (\d+)/im.exec(head)?.[1]
  const wait = /^retry-after: (\d+)/im.exec(head)?.[1]
  if (length === undefined) throw new Error('An answer without a length')
  const body = bytes.slice(end + 4)
  if (body.length < Number(length)) return null
  const text = Buffer.from(body, 'latin1').toString()
  return { status: Number(bytes.slice(9, 12)), retryAfter: wait === undefined ? null : Number(wait), text }
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
