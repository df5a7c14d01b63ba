import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { CreateBucketCommand, type S3Client } from '@aws-sdk/client-s3'
import { s3Client } from '../../aws/calls/clients.ts'
import type { S3Bucket } from '../../aws/s3/s3-bucket.ts'
import { type FaultProxy, faultProxy } from './fault-proxy.ts'
import { quickRetry, standInSettings } from './quick-settings.ts'

/** moto behind a fault proxy. */
export interface MotoFixture {
  readonly proxy: FaultProxy
  readonly s3: S3Client
  /** An empty bucket, whose objects go up in parts beyond 5 MiB; the SDK's own waits are long for a test. */
  bucket(sdk?: 'retries' | 'sends once'): Promise<S3Bucket>
  close(): Promise<void>
}

const START_MS = 30_000

/** Why there is no stage: said in the names of suites that are skipped. */
export const noMoto = 'skipped: npm run test:aws runs it, where python3 has moto'

/**
 * Undefined unless TIDEMARK_TEST_MOTO is 1, which `npm run test:aws` sets, and Python has moto: the servers would take a
 * fifth of the time of all other tests.
 */
export async function motoFixture(): Promise<MotoFixture | undefined> {
  // biome-ignore lint/style/noProcessEnv: tests have no command line
  if (process.env['TIDEMARK_TEST_MOTO'] !== '1') return undefined
  const port = await freePort()
  const child = spawn('python3', ['-m', 'moto.server', '-H', '127.0.0.1', '-p', String(port)], {
    stdio: 'ignore',
  })
  const ended = new Promise<void>((resolve) => {
    child.once('error', () => resolve())
    child.once('exit', () => resolve())
  })
  let isOver = false
  void ended.then(() => {
    isOver = true
  })
  const deadline = Date.now() + START_MS
  while (!isOver && Date.now() < deadline && !(await answers(port))) await sleep(100)
  if (isOver || Date.now() >= deadline) {
    child.kill('SIGKILL')
    return undefined
  }
  const proxy = await faultProxy(port)
  const s3 = s3Client(standInSettings(proxy.endpoint))
  const single = s3Client({ ...standInSettings(proxy.endpoint), s3Attempts: 1 })
  return {
    proxy,
    s3,
    bucket: async (sdk = 'retries') => {
      const { plan } = proxy
      proxy.plan = () => undefined
      const bucket = `b-${randomBytes(6).toString('hex')}`
      const CreateBucketConfiguration = { LocationConstraint: 'eu-west-1' } as const
      await s3.send(new CreateBucketCommand({ Bucket: bucket, CreateBucketConfiguration }))
      proxy.plan = plan
      const client = sdk === 'retries' ? s3 : single
      return { client, bucket, prefix: 'lake-of-tests/', retry: quickRetry, partBytes: 5 << 20 }
    },
    close: async () => {
      s3.destroy()
      single.destroy()
      await proxy.close()
      child.kill('SIGKILL')
      await ended
    },
  }
}

async function answers(port: number): Promise<boolean> {
  return fetch(`http://127.0.0.1:${port}/moto-api/data.json`, { signal: AbortSignal.timeout(5_000) }).then(
    ({ ok }) => ok,
    () => false,
  )
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  return typeof address === 'object' && address !== null ? address.port : 0
}
