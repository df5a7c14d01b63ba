import { connect, createServer, type Socket } from 'node:net'

/** A server in front of `source` that treats startup parameters as poolers do. */
export interface Pooler {
  readonly url: string
  close(): void
}

/** `refuse` answers as PgBouncer; `drop` hands the session on without them, as PgBouncer that was told to ignore them. */
export async function startPooler(source: string, way: 'refuse' | 'drop'): Promise<Pooler> {
  const { hostname, port } = new URL(source)
  const sockets = new Set<Socket>()
  const keep = (socket: Socket) => {
    sockets.add(socket)
    socket.on('error', () => socket.destroy()).on('close', () => sockets.delete(socket))
  }
  const server = createServer((client) => {
    keep(client)
    client.once('data', (startup: Buffer) => {
      if (way === 'refuse') {
        client.end(refusal)
        return
      }
      const backend = connect(Number(port), hostname)
      keep(backend)
      backend.write(withoutOptions(startup))
      client.pipe(backend).pipe(client)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  const url = new URL(source)
  url.host = `127.0.0.1:${address.port}`
  return {
    url: url.href,
    close: () => {
      server.close()
      for (const socket of sockets) socket.destroy()
    },
  }
}

const fields = 'SFATAL\0VFATAL\0C08P01\0Munsupported startup parameter: options\0\0'
const refusal = Buffer.concat([Buffer.from('E'), int32(4 + fields.length), Buffer.from(fields)])

/* Length and version, then names and values, each ended by a zero byte. */
function withoutOptions(startup: Buffer): Buffer {
  const words = startup.subarray(8).toString().split('\0')
  const kept = words.flatMap((word, index) =>
    index % 2 === 0 && word !== '' && word !== 'options' && word !== 'replication'
      ? [word, words[index + 1] ?? '']
      : [],
  )
  const body = Buffer.from(`${kept.join('\0')}\0\0`)
  return Buffer.concat([int32(8 + body.length), startup.subarray(4, 8), body])
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeInt32BE(value)
  return bytes
}
