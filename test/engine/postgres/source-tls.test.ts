import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  closeClient,
  connectSource,
  type Source,
} from '../../../engine/postgres/connection/source-connection.ts'
import { openSnapshot } from '../../../engine/postgres/stream/snapshot.ts'
import { hasOpenssl, type SelfSigned, selfSigned, serveTls } from './self-signed.ts'
import { refusal, type SourceServer, startSource, until } from './source-server.ts'

let server: SourceServer

beforeAll(async () => {
  server = await startSource()
})
afterAll(() => server.stop())

const at = (host: string): string => server.url.replace('127.0.0.1', host)

async function isEncrypted(source: Source): Promise<boolean> {
  const client = await connectSource(source)
  const { rows } = await client.query<{ ssl: boolean }>(
    'select ssl from pg_stat_ssl where pid = pg_backend_pid()',
  )
  await closeClient(client)
  return rows[0]?.ssl === true
}

describe.skipIf(!hasOpenssl)(
  hasOpenssl ? 'a source over TLS' : 'skipped: no openssl to make a certificate',
  () => {
    let [own, other]: SelfSigned[] = []

    beforeAll(async () => {
      ;[own, other] = [await selfSigned(), await selfSigned()]
    })

    const ca = (one: SelfSigned | undefined) => ({ ca: one?.certificate ?? '' })

    test('G7 a server that does not speak TLS is refused, not spoken to in the clear', async () => {
      const error = await refusal(connectSource({ url: at('localhost'), tls: ca(own) }))
      expect(error.code).toBe('source/unreachable')
      expect(error.message).toMatch(/SSL/)
    })

    test('G7 a certificate must be signed by the CA that is given, and be of the host', async () => {
      const { client } = await server.database('')
      if (own !== undefined) await serveTls(client, own)
      await until(() => isEncrypted({ url: at('localhost'), tls: ca(own) }).catch(() => false))
      for (const source of [
        { url: at('localhost'), tls: ca(other) },
        { url: at('127.0.0.1'), tls: ca(own) },
      ]) {
        const error = await refusal(connectSource(source))
        expect(error.code).toBe('source/tls')
        expect(error.message).not.toContain(server.url.split('@')[0]?.split(':')[2] ?? '?')
      }
      expect(await isEncrypted({ url: at('localhost') })).toBe(false)
    })

    test('a snapshot is opened over it, too', async () => {
      const snapshot = await openSnapshot({ url: at('localhost'), tls: ca(own) })
      expect(snapshot.lsn).toBeGreaterThan(0n)
      await snapshot.close()
    })
  },
)
