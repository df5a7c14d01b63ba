import { connect, createServer, type Server, type Socket } from 'node:net'
import { Transform } from 'node:stream'

/** A line to a server that can be stalled, cut, and mended. */
export class TcpLine {
  readonly url: string
  private readonly target: URL
  private readonly port: number
  private server: Server
  private pairs: (readonly [Socket, Socket])[] = []
  private isStalled = false

  private readonly said: (bytes: Buffer) => Buffer

  private constructor(target: URL, server: Server, port: number, said: (bytes: Buffer) => Buffer) {
    this.target = target
    this.said = said
    this.server = server
    this.port = port
    const url = new URL(target)
    url.host = `127.0.0.1:${port}`
    this.url = url.href
    server.on('connection', (socket) => this.take(socket))
  }

  /** `said` makes of what comes from the client what the server gets. */
  static async open(target: string, said = (bytes: Buffer): Buffer => bytes): Promise<TcpLine> {
    const server = createServer()
    await listen(server, 0)
    const address = server.address()
    if (address === null || typeof address === 'string') throw new Error('no port')
    return new TcpLine(new URL(target), server, address.port, said)
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
    for (const pair of this.pairs) this.join(pair)
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
    if (!this.isStalled) this.join(pair)
  }

  private join([inner, outer]: readonly [Socket, Socket]): void {
    const { said } = this
    const heard = new Transform({
      transform: (bytes: Buffer, _, done) => done(null, said(bytes)),
    })
    inner.pipe(heard).pipe(outer)
    outer.pipe(inner)
  }
}

const PATIENCE = 'wal_sender_timeout = 60000'

/** A line to a server that gives a stream which does not answer only so long, whatever its reader asks for. */
export function impatientLine(target: string, milliseconds: number): Promise<TcpLine> {
  const short = `wal_sender_timeout = ${milliseconds}`.padEnd(PATIENCE.length)
  return TcpLine.open(target, (bytes) => {
    const at = bytes.indexOf(PATIENCE)
    if (at >= 0) bytes.write(short, at)
    return bytes
  })
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve) => server.listen(port, '127.0.0.1', resolve))
}
