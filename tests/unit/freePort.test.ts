import { once } from 'node:events'
import { type Server, createServer } from 'node:net'
import { onFreePort } from '../../src/lib/freePort'

const HOST = '127.0.0.1'
const open: Server[] = []
afterEach(() => {
  for (const server of open.splice(0)) server.close()
})

async function listen(port: number): Promise<number> {
  const server = createServer()
  open.push(server)
  server.listen(port, HOST)
  await once(server, 'listening')
  return port
}

test('a start whose port another process took meanwhile is made again on another one', async () => {
  const tried: number[] = []
  const port = await onFreePort(HOST, async (free) => {
    tried.push(free)
    if (tried.length < 3) await listen(free) // the other process
    return listen(free)
  })
  expect(tried).toHaveLength(3)
  expect(port).toBe(tried[2])
})

test('a start that fails otherwise, or at a port of its own, is not made again', async () => {
  const other = await listen(await onFreePort(HOST, (port) => Promise.resolve(port)))
  for (const fail of [() => Promise.reject(new Error('no database')), () => listen(other)]) {
    let starts = 0
    const start = () => {
      starts += 1
      return fail()
    }
    await expect(onFreePort(HOST, start)).rejects.toThrow()
    expect(starts).toBe(1)
  }
})
