import { type AddressInfo, createServer } from 'node:net'

/** Ports that are tried before a start fails: on a machine with many servers another process may take several in a row. */
const TRIES = 5

/** A port that is free on `host` at this moment. PORT=0 needs its number before the server listens, since links contain it. */
export function freePort(host: string): Promise<number> {
  const probe = createServer()
  return new Promise((resolve, reject) => {
    probe.once('error', reject)
    probe.listen(0, host, () => {
      const { port } = probe.address() as AddressInfo
      probe.close(() => resolve(port))
    })
  })
}

/** Runs `start` with a free port, and again with another one if a process took it before `start` listened there. */
export async function onFreePort<T>(host: string, start: (port: number) => Promise<T>, tries = TRIES): Promise<T> {
  const port = await freePort(host)
  try {
    return await start(port)
  } catch (error) {
    const { code, port: taken } = error as { code?: unknown; port?: unknown }
    if (code !== 'EADDRINUSE' || taken !== port || tries <= 1) throw error
    return onFreePort(host, start, tries - 1)
  }
}
