import { type AddressInfo, createServer } from 'node:net'

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
