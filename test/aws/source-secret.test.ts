import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { secretsClient } from '../../aws/calls/clients.ts'
import { readSourceSecret } from '../../aws/secrets/source-secret.ts'
import { trustedSource } from '../../engine/postgres/connection/source-trust.ts'
import { tempFolder } from '../support/temp-folder.ts'
import { json } from './fake-partial-faults.ts'
import { faultProxy } from './fault-proxy.ts'
import { quickRetry, standInSettings } from './quick-settings.ts'

async function read(SecretString: string) {
  const double = await faultProxy(async () => json({ SecretString }))
  const client = secretsClient(standInSettings(double.endpoint))
  return readSourceSecret({ client, secret: 'source', retry: quickRetry }).finally(() => double.close())
}

const rds = {
  engine: 'postgres',
  host: 'db.example',
  port: 5433,
  dbname: 'hr',
  dbInstanceIdentifier: 'hr-1',
  username: 'tide mark',
  password: 'p@ss/w:rd?#',
}

test('the secret that RDS makes is an address, whatever the password has in it', async () => {
  const { url, ca } = await read(JSON.stringify({ ...rds, port: '5433' }))
  const { username, password, hostname, port, pathname } = new URL(url)
  expect([username, password].map(decodeURIComponent)).toEqual(['tide mark', 'p@ss/w:rd?#'])
  expect([hostname, port, pathname, ca]).toEqual(['db.example', '5433', '/hr', undefined])
})

test.each([
  ['no JSON', 'JSON'],
  [JSON.stringify({ ...rds, password: '' }), 'password'],
  [JSON.stringify({ ...rds, host: undefined, port: 'x' }), 'host, port'],
])('a secret of another form is refused by the names of its members: %s', async (secret, named) => {
  await expect(read(secret)).rejects.toMatchObject({
    code: 'settings/invalid',
    message: `secret source: ${named}`,
  })
})

test('G7 a source is spoken to over verified TLS unless the setting says otherwise', async () => {
  const folder = await tempFolder()
  await writeFile(join(folder, 'ca.pem'), '-----BEGIN CERTIFICATE-----')
  await writeFile(join(folder, 'note.txt'), 'none')
  const url = 'postgres://db.example/hr'
  const given = (ca: string | undefined, trust: string) => trustedSource({ url, ca }, trust)
  expect(await given(undefined, join(folder, 'ca.pem'))).toEqual({
    url,
    tls: { ca: '-----BEGIN CERTIFICATE-----' },
  })
  expect(await given('own', join(folder, 'missing'))).toEqual({ url, tls: { ca: 'own' } })
  expect(await given('own', 'disable')).toEqual({ url })
  for (const name of ['note.txt', 'missing'])
    await expect(given(undefined, join(folder, name))).rejects.toMatchObject({ code: 'settings/invalid' })
})
