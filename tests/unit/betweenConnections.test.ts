import { once } from 'node:events'
import { type AddressInfo, connect, createServer } from 'node:net'
import { betweenConnections } from '../../src/http/betweenConnections'

test('connections that the system has accepted are taken before the port closes', async () => {
  const server = createServer()
  let taken = 0
  server.on('connection', (socket) => {
    taken += 1
    socket.on('error', () => undefined).resume()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const clients = Array.from({ length: 20 }, () => connect(port, '127.0.0.1').on('error', () => undefined))
  await new Promise<void>((connected) => process.nextTick(connected))
  await betweenConnections(server)
  server.close()
  expect(taken).toBe(20)
  expect(server.listenerCount('connection')).toBe(1)
  for (const client of clients) client.destroy()
})
