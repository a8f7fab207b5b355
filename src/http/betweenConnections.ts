import type { EventEmitter } from 'node:events'
import { setImmediate as turn } from 'node:timers/promises'
import { HTTP } from '../config/defaults'

/** Milliseconds of a turn of the event loop in which hardly a connection arrives. */
const SHORT_TURN = 0.2

/**
 * Resolves between two connections, at the moment to close the port. Closing it resets the connections that the system has
 * accepted and this process has not; a proxy that has sent a POST on one cannot know whether it was carried out, and returns
 * 502. The process accepts one connection in each turn of the event loop: after a short turn without any, none is left.
 */
export async function betweenConnections(server: EventEmitter): Promise<void> {
  let accepted = 0
  const count = () => void (accepted += 1)
  server.on('connection', count)
  const end = performance.now() + HTTP.closeWait
  await turn()
  for (;;) {
    const before = { accepted, time: performance.now() }
    await turn()
    const now = performance.now()
    if (now > end || (accepted === before.accepted && now - before.time < SHORT_TURN)) break
  }
  server.off('connection', count)
}
