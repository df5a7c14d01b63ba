import type pg from 'pg'

const HEADER_BYTES = 5
const COPY_DATA = 'd'.charCodeAt(0)
/* What may come while rows are sent: the response to COPY, settings, notices, notifications. */
const ASIDE: ReadonlySet<number> = new Set(Array.from('HSNA', (letter) => letter.charCodeAt(0)))
/* The server sends 8 KiB at a time. After a read of less than this, the next one waits for more of them. */
const SMALL_READ_BYTES = 48 * 1024
const GATHER_MS = 1

type Listener = (bytes: Buffer) => void

/**
 * A COPY … TO STDOUT of the session it is submitted to (`client.query`): what the server sends goes to `consume`, the
 * messages' own bytes left out, in buffers that belong to it from then on; a buffer may end inside a row. One call at a time:
 * nothing is read while one is pending, and what waits is what a socket holds. `rows` resolves with the server's count once
 * the session is ready for another statement; it rejects with what `consume` throws, the session being in the middle of the
 * COPY then, and with what the server or the connection says.
 */
export class CopyOut implements pg.Submittable {
  readonly rows: Promise<number>
  private readonly text: string
  private readonly consume: (bytes: Buffer) => Promise<void>
  private readonly header = Buffer.alloc(HEADER_BYTES)
  private headerBytes = 0
  /** Of the message that has begun: its kind, and how many bytes of it are to come. */
  private code = 0
  private left = 0
  private count = 0
  private taking = Promise.resolve()
  private resolve: (rows: number) => void = () => undefined
  private reject: (reason: unknown) => void = () => undefined

  constructor(text: string, consume: (bytes: Buffer) => Promise<void>) {
    this.text = text
    this.consume = consume
    this.rows = new Promise((resolve, reject) => {
      this.resolve = resolve
      this.reject = reject
    })
    /* Whoever left before it was over asks no more. */
    this.rows.catch(() => undefined)
  }

  submit(connection: pg.Connection): void {
    const { stream } = connection
    /* The driver's parser, which takes every message by itself. Listeners of a stream of bytes take bytes. */
    const parsers = stream.listeners('data') as Listener[]
    for (const parser of parsers) stream.off('data', parser)
    const take: Listener = (bytes) => {
      stream.pause()
      const { data, rest } = this.unwrapped(bytes)
      const taken = data.length === 0 ? Promise.resolve() : this.consume(data)
      this.taking = taken.then(() => {
        if (rest === undefined && bytes.length >= SMALL_READ_BYTES) stream.resume()
        else if (rest === undefined) setTimeout(() => stream.resume(), GATHER_MS)
        else {
          stream.off('data', take)
          for (const parser of parsers) {
            stream.on('data', parser)
            parser(rest)
          }
          stream.resume()
        }
      }, this.reject)
    }
    stream.on('data', take)
    connection.query(this.text)
  }

  handleError(error: unknown): void {
    /* Never while `consume` is pending: whoever hears of it takes away what `consume` works with. */
    void this.taking.then(() => this.reject(error))
  }

  handleCommandComplete({ text }: { readonly text: string }): void {
    this.count = Number(/^COPY (\d+)$/.exec(text)?.[1])
  }

  handleReadyForQuery(): void {
    this.resolve(this.count)
  }

  /* Moves the rows together where they lie; `rest` begins with the first message that ends the COPY. */
  private unwrapped(bytes: Buffer): { readonly data: Buffer; readonly rest?: Buffer } {
    let write = 0
    for (let at = 0; at < bytes.length; ) {
      if (this.left > 0) {
        const end = Math.min(at + this.left, bytes.length)
        if (this.code === COPY_DATA) {
          if (write !== at) bytes.copyWithin(write, at, end)
          write += end - at
        }
        this.left -= end - at
        at = end
      } else if (this.headerBytes === 0 && !isOfCopy(bytes[at]))
        return { data: bytes.subarray(0, write), rest: bytes.subarray(at) }
      else if (this.headerBytes === 0 && at + HEADER_BYTES <= bytes.length) {
        this.begin(bytes, at)
        at += HEADER_BYTES
      } else {
        this.header[this.headerBytes] = bytes[at] ?? 0
        this.headerBytes += 1
        at += 1
        if (this.headerBytes === HEADER_BYTES) this.begin(this.header, 0)
      }
    }
    return { data: bytes.subarray(0, write) }
  }

  private begin(bytes: Buffer, at: number): void {
    this.code = bytes[at] ?? 0
    /* The length counts itself. */
    this.left = bytes.readUInt32BE(at + 1) - 4
    this.headerBytes = 0
  }
}

function isOfCopy(code: number | undefined): boolean {
  return code === COPY_DATA || (code !== undefined && ASIDE.has(code))
}
