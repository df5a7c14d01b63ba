import { Duplex } from 'node:stream'
import * as fc from 'fast-check'
import pg from 'pg'
import { describe, expect, test } from 'vitest'
import { CopyOut } from '../../../engine/postgres/copy/copy-out.ts'

const DONE = Buffer.concat([message('c', Buffer.alloc(0)), message('C', Buffer.from('COPY 3\0'))])

describe('COPY … TO STDOUT', () => {
  test('gives every byte of the rows and hands the rest to the driver, however the messages are cut', async () => {
    const anyMessage = fc.oneof(
      { weight: 4, arbitrary: fc.record({ code: fc.constant('d'), body: anyBytes(40) }) },
      fc.record({ code: fc.constantFrom('H', 'S', 'N', 'A'), body: anyBytes(12) }),
    )
    const anyPieces = fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 20 })
    const law = fc.asyncProperty(fc.array(anyMessage, { maxLength: 12 }), anyPieces, async (sent, sizes) => {
      const wire = Buffer.concat([...sent.map(({ code, body }) => message(code, body)), DONE])
      const server = new Server()
      const taken: Buffer[] = []
      server.submit(async (bytes) => void taken.push(Buffer.from(bytes)))
      for (const piece of cut(wire, sizes)) await server.send(piece)
      await server.handedOver(DONE.length)
      const rows = sent.flatMap(({ code, body }) => (code === 'd' ? [body] : []))
      expect(Buffer.concat(taken)).toEqual(Buffer.concat(rows))
      expect(Buffer.concat(server.toDriver)).toEqual(DONE)
    })
    await fc.assert(law, { numRuns: 60 })
  })

  test('reads no further while the rows are taken', async () => {
    const server = new Server()
    const taken: string[] = []
    const gate = new Gate()
    server.submit(async (bytes) => {
      taken.push(bytes.toString())
      await gate.passed
    })
    await server.send(message('d', Buffer.from('one')))
    await server.send(Buffer.concat([message('d', Buffer.from('two')), DONE]))
    expect(taken).toEqual(['one'])
    expect(server.toDriver).toEqual([])
    gate.open()
    await server.handedOver(DONE.length)
    expect(taken).toEqual(['one', 'two'])
  })

  test('has the count of the server, and an error only after what is taken is taken', async () => {
    const whole = new CopyOut('COPY', async () => undefined)
    whole.handleCommandComplete({ text: 'COPY 12345678901' })
    whole.handleReadyForQuery()
    expect(await whole.rows).toBe(12_345_678_901)

    const server = new Server()
    const steps: string[] = []
    const gate = new Gate()
    const copy = server.submit(() => gate.passed.then(() => void steps.push('taken')))
    const failed = copy.rows.catch(() => steps.push('failed'))
    await server.send(message('d', Buffer.from('one')))
    copy.handleError(new Error('the connection is lost'))
    await new Promise(setImmediate)
    gate.open()
    await failed
    expect(steps).toEqual(['taken', 'failed'])
  })

  test('fails with what whoever takes the rows throws', async () => {
    const server = new Server()
    const copy = server.submit(() => Promise.reject(new Error('full')))
    await server.send(message('d', Buffer.from('one')))
    await expect(copy.rows).rejects.toThrow('full')
  })
})

class Gate {
  open: () => void = () => undefined
  readonly passed = new Promise<void>((resolve) => {
    this.open = resolve
  })
}

/** A connection whose server is the test. */
class Server {
  readonly toDriver: Buffer[] = []
  private readonly stream = new Duplex({ read: () => undefined, write: (_, __, done) => done() })
  private readonly connection = new pg.Connection({ stream: () => this.stream })
  private onDriver: () => void = () => undefined

  constructor() {
    this.stream.on('data', (bytes: Buffer) => {
      this.toDriver.push(bytes)
      this.onDriver()
    })
  }

  submit(consume: (bytes: Buffer) => Promise<void>): CopyOut {
    const copy = new CopyOut('COPY', consume)
    copy.submit(this.connection)
    return copy
  }

  /** Resolves when the piece was read, or waits for the reader. */
  async send(piece: Buffer): Promise<void> {
    this.stream.push(piece)
    await new Promise(setImmediate)
  }

  async handedOver(bytes: number): Promise<void> {
    while (Buffer.concat(this.toDriver).length < bytes)
      await new Promise<void>((resolve) => {
        this.onDriver = resolve
      })
  }
}

function message(code: string, body: Buffer): Buffer {
  const header = Buffer.alloc(5)
  header.write(code)
  header.writeUInt32BE(body.length + 4, 1)
  return Buffer.concat([header, body])
}

function anyBytes(maxLength: number): fc.Arbitrary<Buffer> {
  return fc.uint8Array({ maxLength }).map((bytes) => Buffer.from(bytes))
}

/* The sizes again and again. */
function cut(wire: Buffer, sizes: readonly number[]): readonly Buffer[] {
  const pieces: Buffer[] = []
  for (let at = 0, index = 0; at < wire.length; index += 1) {
    const end = at + (sizes[index % sizes.length] ?? 1)
    pieces.push(Buffer.from(wire.subarray(at, end)))
    at = end
  }
  return pieces
}
