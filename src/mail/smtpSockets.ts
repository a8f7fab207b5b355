import { type Socket, connect } from 'node:net'

type Opened = (error: Error | null, options?: { connection: Socket }) => void

export interface SmtpSockets {
  /** For nodemailer's `getSocket`. */
  open: (server: { host?: string | undefined; port?: number | string | undefined }, done: Opened) => void
  /** Destroys all open connections. */
  close: () => void
}

/**
 * Connects within `timeout` milliseconds. nodemailer's own connection timeout includes the wait for the SMTP greeting, so an
 * unreachable server would take as long to fail as one that is slow to send it.
 */
export function createSmtpSockets(timeout: number): SmtpSockets {
  const sockets = new Set<Socket>()
  return { open, close: () => sockets.forEach((socket) => socket.destroy()) }

  function open({ host, port }: { host?: string | undefined; port?: number | string | undefined }, done: Opened): void {
    const socket = connect({ host, port: Number(port) })
    sockets.add(socket)
    const timer = setTimeout(() => socket.destroy(timeoutError()), timeout).unref()
    socket.on('error', () => undefined) // nodemailer attaches its own listener only after the connection is made
    const fail = (error: Error) => done(Object.assign(error, { command: 'CONNECT' }))
    socket.once('error', fail)
    socket.once('close', () => {
      clearTimeout(timer)
      sockets.delete(socket)
    })
    socket.once('connect', () => {
      clearTimeout(timer)
      socket.off('error', fail)
      done(null, { connection: socket })
    })
  }
}

function timeoutError(): Error {
  return Object.assign(new Error('Connection timeout'), { code: 'ETIMEDOUT', timeoutType: 'CONNECT_TIMEOUT' })
}
