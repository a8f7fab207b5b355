import { once } from 'node:events'
import { type AddressInfo, type Server, type Socket, connect, createServer } from 'node:net'

/** What happens to connections: they are passed on, refused, or kept open while nothing moves on them. */
type Mode = 'pass' | 'freeze'

interface Pair {
  client: Socket
  upstream: Socket
  /** What the client said first: for PostgreSQL its start-up message, with the application's name. */
  hello: string
}

/** A network between an application and its database, to be cut, frozen and mended. */
export class TcpProxy {
  private server: Server | null = null
  private readonly pairs = new Set<Pair>()
  private port = 0
  private mode: Mode = 'pass'

  private constructor(private readonly target: URL) {}

  /** Begins to pass connections on to the host and port of `databaseUrl`. */
  static async start(databaseUrl: string): Promise<TcpProxy> {
    const proxy = new TcpProxy(new URL(databaseUrl))
    await proxy.listen()
    return proxy
  }

  /** The address to give to the application. */
  get url(): string {
    const url = new URL(this.target)
    url.port = String(this.port)
    url.hostname = '127.0.0.1'
    return url.href
  }

  /** Breaks every connection and refuses new ones. */
  async cut(): Promise<void> {
    const server = this.server
    this.server = null
    for (const { client, upstream } of this.pairs) {
      client.destroy()
      upstream.destroy()
    }
    if (!server) return
    server.close()
    await once(server, 'close')
  }

  /** Keeps everything open and moves nothing: of all connections, or of those whose first words hold `text`. */
  freeze(text = ''): void {
    if (text === '') this.mode = 'freeze'
    for (const { client, upstream, hello } of this.pairs) {
      if (!hello.includes(text)) continue
      client.pause()
      upstream.pause()
    }
  }

  /** The network is as it was: what was frozen goes on, what was refused is let in. */
  async mend(): Promise<void> {
    this.mode = 'pass'
    for (const { client, upstream } of this.pairs) {
      client.resume()
      upstream.resume()
    }
    if (!this.server) await this.listen()
  }

  private async listen(): Promise<void> {
    const server = createServer((client) => this.join(client))
    server.listen(this.port, '127.0.0.1')
    await once(server, 'listening')
    this.port = (server.address() as AddressInfo).port
    this.server = server
  }

  private join(client: Socket): void {
    const upstream = connect(Number(this.target.port), this.target.hostname)
    const pair: Pair = { client, upstream, hello: '' }
    this.pairs.add(pair)
    client.once('data', (chunk: Buffer) => (pair.hello = chunk.toString('latin1')))
    client.on('data', (chunk) => upstream.write(chunk))
    upstream.on('data', (chunk) => client.write(chunk))
    const part = () => {
      client.destroy()
      upstream.destroy()
      this.pairs.delete(pair)
    }
    for (const socket of [client, upstream]) socket.on('error', part).on('close', part)
    if (this.mode === 'freeze') {
      client.pause()
      upstream.pause()
    }
  }
}
