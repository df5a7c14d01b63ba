import { createHash, randomBytes } from 'node:crypto'
import { readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { CreateSecretCommand } from '@aws-sdk/client-secrets-manager'
import { afterAll, beforeEach, describe, expect, test } from 'vitest'
import { secretsClient } from '../../aws/calls/clients.ts'
import { S3Files } from '../../aws/s3/s3-files.ts'
import { S3Objects } from '../../aws/s3/s3-objects.ts'
import { SecretMaskKeys } from '../../aws/secrets/secret-mask-keys.ts'
import { maskKeysContract } from '../ports/mask-keys.contract.ts'
import { objectStoreContract } from '../ports/object-store.contract.ts'
import { tempFolder } from '../support/temp-folder.ts'
import { every, faults } from './fault-proxy.ts'
import { motoFixture, noMoto } from './moto-fixture.ts'
import { quickRetry, standInSettings } from './quick-settings.ts'

const stage = await motoFixture()
afterAll(() => stage?.close())
const suite = stage === undefined ? noMoto : 'moto'

describe.skipIf(stage === undefined)(suite, () => {
  if (stage === undefined) return test('needs python3 with moto.server', () => undefined)
  const settings = standInSettings(stage.proxy.endpoint)
  beforeEach(() => {
    stage.proxy.plan = () => undefined
  })

  describe('S3', () => {
    objectStoreContract('moto', async () => new S3Objects(await stage.bucket()))

    describe.each([
      ['throttling', every(3, faults.throttle)],
      ['answers that never arrive', every(3, faults['a cut after the write'])],
      ['answers cut in half', every(3, faults['an answer that is cut in half'])],
    ])('%s', (name, plan) => {
      objectStoreContract(`moto under ${name}`, async () => {
        const bucket = await stage.bucket('sends once')
        stage.proxy.plan = plan
        return new S3Objects(bucket)
      })
    })

    test('an object beyond a part goes up in parts, and comes back, also when connections break', async () => {
      const objects = new S3Objects(await stage.bucket())
      const content = createHash('shake256', { outputLength: 11 << 20 })
        .update('x')
        .digest()
      let parts = 0
      stage.proxy.plan = ({ url, method }, number) => {
        if (method === 'PUT' && url.includes('partNumber=')) parts += 1
        return number % 3 === 0 ? faults['a cut after the write'] : undefined
      }
      await objects.put('large', [
        content.subarray(0, 1),
        content.subarray(1, 7 << 20),
        content.subarray(7 << 20),
      ])
      stage.proxy.plan = () => undefined
      expect(parts).toBeGreaterThanOrEqual(3)
      expect((await objects.get('large')).equals(content)).toBe(true)
      expect(await objects.list('')).toEqual(['large'])
    })

    test('lists more keys than one answer holds', async () => {
      const objects = new S3Objects(await stage.bucket())
      const keys = Array.from({ length: 25 }, (_, index) => `k/${String(index).padStart(5, '0')}`)
      await Promise.all(keys.map((key) => objects.put(key, Buffer.from('x'))))
      /* An answer holds 1,000 keys; here the server is told to give ten. */
      let lists = 0
      stage.proxy.plan = () => (exchange, forward) => {
        lists += 1
        return forward({ ...exchange, url: `${exchange.url}&max-keys=10` })
      }
      expect(await objects.list('k/')).toEqual(keys)
      expect(lists).toBe(3)
    })

    test('a key without an object is objects/missing, a bucket without one too; S3 that is away objects/unavailable', async () => {
      const bucket = await stage.bucket('sends once')
      await expect(new S3Objects(bucket).get('none')).rejects.toMatchObject({ code: 'objects/missing' })
      const elsewhere = new S3Objects({ ...bucket, bucket: 'b-none' })
      await expect(elsewhere.list('')).rejects.toMatchObject({ code: 'aws/refused' })
      stage.proxy.plan = every(1, faults.throttle)
      const hurried = { ...bucket, retry: { ...quickRetry, attempts: 2 } }
      await expect(new S3Objects(hurried).get('none')).rejects.toMatchObject({ code: 'objects/unavailable' })
    })

    test('files: a copy of an object, once for each key; a file becomes an object; nothing stays after close', async () => {
      const bucket = await stage.bucket()
      const objects = new S3Objects(bucket)
      const folder = join(await tempFolder(), 'scratch')
      const files = new S3Files({ bucket, folder, maxBytes: 20 << 20 })
      await objects.put('a/one.parquet', Buffer.from('one'))
      stage.proxy.plan = every(3, faults['an answer that is cut in half'])
      const [path, again] = await Promise.all([files.read('a/one.parquet'), files.read('a/one.parquet')])
      expect(path).toBe(again)
      expect(path).toMatch(/one\.parquet$/)
      expect((await readFile(path)).toString()).toBe('one')
      const large = createHash('shake256', { outputLength: 6 << 20 })
        .update('y')
        .digest()
      for (const [name, content] of [
        ['small', Buffer.from('s')],
        ['large', large],
      ] as const) {
        const scratch = await files.scratch(name)
        await writeFile(scratch, content)
        expect(await files.publish(scratch, `out/${name}`)).toBe(content.length)
        expect((await objects.get(`out/${name}`)).equals(content)).toBe(true)
        expect((await readFile(await files.read(`out/${name}`))).equals(content)).toBe(true)
        await expect(stat(scratch)).rejects.toThrow('ENOENT')
      }
      await files.close()
      await expect(stat(folder)).rejects.toThrow('ENOENT')
    })

    test('G9 files: copies beyond the bound are refused, before they are on the disk', async () => {
      const bucket = await stage.bucket()
      await new S3Objects(bucket).put('a', Buffer.alloc(600))
      await new S3Objects(bucket).put('b', Buffer.alloc(600))
      const files = new S3Files({ bucket, folder: join(await tempFolder(), 's'), maxBytes: 1_000 })
      await files.read('a')
      await expect(files.read('b')).rejects.toMatchObject({ code: 'objects/too-large' })
      await expect(files.read('none')).rejects.toMatchObject({ code: 'objects/missing' })
    })
  })

  describe('Secrets Manager', () => {
    const client = secretsClient(settings)
    afterAll(() => client.destroy())
    const secretOf = async (SecretString: string) => {
      const Name = `mask-${randomBytes(6).toString('hex')}`
      await client.send(new CreateSecretCommand({ Name, SecretString }))
      return { client, secret: Name, retry: quickRetry }
    }

    maskKeysContract('moto', async () => {
      const secret = await secretOf(randomBytes(32).toString('hex'))
      return { keys: new SecretMaskKeys(secret), reopen: async () => new SecretMaskKeys(secret) }
    })

    test('G7 asks once, again only after a failure, and refuses a secret that is no key without naming it', async () => {
      const secret = await secretOf(randomBytes(32).toString('hex'))
      const keys = new SecretMaskKeys({ ...secret, retry: { ...quickRetry, attempts: 1 } })
      let asked = 0
      stage.proxy.plan = () => (++asked === 1 ? faults.throttle : undefined)
      await expect(keys.current()).rejects.toMatchObject({ code: 'aws/unavailable' })
      await Promise.all([keys.current(), keys.current()])
      await keys.current()
      expect(asked).toBe(2)
      const wrong = await secretOf('not-a-key-but-secret')
      const refused: unknown = await new SecretMaskKeys(wrong).current().catch((error: unknown) => error)
      expect(refused).toMatchObject({ code: 'keys/invalid' })
      expect(String(refused)).not.toContain('not-a-key')
      const none = new SecretMaskKeys({ ...secret, secret: 'none' })
      await expect(none.current()).rejects.toMatchObject({ code: 'aws/refused' })
    })
  })
})
