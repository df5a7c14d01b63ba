import { connect, createServer, type Server, type Socket } from 'node:net'

/** A line to a server that can be stalled, cut, and mended. */
export class TcpLine {
  readonly url: string
  private readonly target: URL
  private readonly port: number
  private server: Server
  private pairs: (readonly [Socket, Socket])[] = []
  private isStalled = false

  private constructor(target: URL, server: Server, port: number) {
    this.target = target
    this.server = server
    this.port = port
    const url = new URL(target)
    url.host = `127.0.0.1:${port}`
    this.url = url.href
    server.on('connection', (socket) => this.take(socket))
  }

  static async open(target: string): Promise<TcpLine> {
    const server = createServer()
    await listen(server, 0)
    const address = server.address()
    if (address === null || typeof address === 'string') throw new Error('no port')
    return new TcpLine(new URL(target), server, address.port)
  }

  /** Nothing passes any more; every connection stays, and new ones are taken. */
  stall(): void {
    this.isStalled = true
    for (const [inner, outer] of this.pairs) {
      inner.unpipe()
      outer.unpipe()
    }
  }

  /** What has waited passes. */
  flow(): void {
    this.isStalled = false
    for (const pair of this.pairs) join(pair)
  }

  /** Every connection ends, and none can be made. */
  async cut(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.server.close(() => resolve()))
    for (const pair of this.pairs) for (const socket of pair) socket.destroy()
    await closed
  }

  async mend(): Promise<void> {
    this.server = createServer((socket) => this.take(socket))
    await listen(this.server, this.port)
  }

  private take(inner: Socket): void {
    const outer = connect(Number(this.target.port), this.target.hostname)
    const pair = [inner, outer] as const
    this.pairs.push(pair)
    for (const socket of pair)
      socket
        .on('error', () => undefined)
        .on('close', () => {
          for (const other of pair) other.destroy()
          this.pairs = this.pairs.filter((kept) => kept !== pair)
        })
    if (!this.isStalled) join(pair)
  }
}

function join([inner, outer]: readonly [Socket, Socket]): void {
  inner.pipe(outer)
  outer.pipe(inner)
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve) => server.listen(port, '127.0.0.1', resolve))
}
