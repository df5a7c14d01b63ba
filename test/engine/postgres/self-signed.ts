import { execFile, spawnSync } from 'node:child_process'
import { chown, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type pg from 'pg'

/** Certificates are made by the command `openssl`. */
export const hasOpenssl = spawnSync('openssl', ['version']).status === 0

/** A certificate for `localhost` that nobody but itself has signed, and its key, PEM. */
export interface SelfSigned {
  readonly certificate: string
  readonly key: string
}

export async function selfSigned(): Promise<SelfSigned> {
  const folder = await mkdtemp(join(tmpdir(), 'tidemark-tls-'))
  const [cert, key] = [join(folder, 'server.crt'), join(folder, 'server.key')]
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost']
  const made = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', key]
  await promisify(execFile)('openssl', ['req', '-x509', ...made, ...subject, '-days', '2', '-out', cert])
  const pair = { certificate: await readFile(cert, 'utf8'), key: await readFile(key, 'utf8') }
  await rm(folder, { recursive: true })
  return pair
}

/** Lets a running server speak TLS with a certificate, beside plain connections. */
export async function serveTls(client: pg.Client, { certificate, key }: SelfSigned): Promise<void> {
  const { rows } = await client.query<{ data_directory: string }>('show data_directory')
  const folder = rows[0]?.data_directory ?? ''
  /* The key must be of the server's own user. */
  const { uid, gid } = await stat(folder)
  for (const [name, content] of Object.entries({ 'server.crt': certificate, 'server.key': key })) {
    await writeFile(join(folder, name), content, { mode: 0o600 })
    await chown(join(folder, name), uid, gid)
  }
  await client.query('alter system set ssl = on')
  await client.query('select pg_reload_conf()')
}
