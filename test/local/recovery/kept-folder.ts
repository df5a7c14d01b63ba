import { cp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { join, sep } from 'node:path'
import { col, table } from '../../../core/contract/index.ts'
import { LakeSession } from '../../../engine/duckdb/lake-session.ts'
import { auditFolder } from '../../../local/recovery/audit-folder.ts'
import { openLocalRun } from '../../../local/run/local-run.ts'
import { performOperation } from '../../../local/run/perform-operation.ts'
import { withStoredPipeline } from '../../../local/run/stored-pipeline.ts'
import { runFolder } from '../../../local/state/run-folder.ts'
import { storedEntries } from '../../../local/state/state-file.ts'
import { FolderQuarantine } from '../../../local/stores/folder-quarantine.ts'
import { type SourceDatabase, until } from '../../engine/postgres/source-server.ts'

export const quiet = { info: () => undefined, warn: () => undefined }

/** A written contract that hashes; the other tables are inferred. */
export const people = table({
  name: 'hr.people',
  version: 1,
  owner: 'tests',
  description: 'People of a test',
  unknownFields: 'keep',
  source: { system: 'tests', table: 'public.people' },
  primaryKey: ['id'],
  columns: {
    id: col.integer('Key'),
    mail: col.string('Hashed', { pii: 'email', nullable: true }),
    pay: col.decimal(6, 2, 'Pay', { nullable: true }),
  },
})

export const SCHEMA = `
  create table people (id int primary key, mail text, pay numeric);
  insert into people select i, 'm' || i, i from generate_series(1, 60) i;
  create table things (id int primary key, v text);
  insert into things select i, 'v' || i from generate_series(1, 40) i;`

/** A run that did everything once: loads, changes, a truncate, refusals, drift, compactions, a redrive, a replay, a proof. */
export async function liveOnce(dir: string, database: SourceDatabase): Promise<void> {
  const { client, source } = database
  const run = await openLocalRun({
    dir,
    source,
    isEmbedded: false,
    system: 'tests',
    contracts: [people],
    patterns: ['public.*'],
    slot: 'tm_kept',
    publication: 'tm_kept',
    hints: { bytes: 1 << 20, milliseconds: 20 },
    reload: false,
    compactEveryMs: 0,
    proveEveryMs: 0,
    log: quiet,
  })
  const settled = async () => {
    const { rows } = await client.query<{ lsn: string }>('select pg_current_wal_lsn()::text as lsn')
    const [high = '', low = ''] = (rows[0]?.lsn ?? '').split('/')
    const lsn = (BigInt(`0x${high}`) << 32n) | BigInt(`0x${low}`)
    await client.query('create table if not exists tick (id int); drop table tick')
    await until(() => run.status().landedLsn !== '0' && BigInt(run.status().landedLsn) >= lsn)
  }
  try {
    await run.loaded(AbortSignal.timeout(60_000))
    await client.query(`
      update people set pay = pay + 1 where id <= 20; delete from people where id > 50;
      truncate things; insert into things select i, 'w' || i from generate_series(1, 30) i`)
    await settled()
    await run.compact()
    await client.query(`
      alter table people add column note text;
      update people set note = 'n' where id between 5 and 9; update people set pay = 123456789 where id = 12;
      delete from things where id = 30`)
    await settled()
    await run.compact()
    await client.query(`update things set v = 'x' where id = 1; update people set pay = 7 where id = 13`)
    await settled()
    await run.reconcile(AbortSignal.timeout(60_000))
  } finally {
    await run.stop()
  }
  const options = {
    dir,
    contracts: [people],
    log: quiet,
    signal: AbortSignal.timeout(60_000),
    onProgress: () => undefined,
  }
  await performOperation({ kind: 'replay', table: 'hr.people', isDryRun: false }, options)
  await reopen(dir)
}

/** Names of every file but those of the lake and of load files, and of the lock. */
export async function stateFilesOf(dir: string): Promise<readonly string[]> {
  const entries = await readdir(dir, { recursive: true, withFileTypes: true })
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) =>
      join(entry.parentPath, entry.name)
        .slice(dir.length + 1)
        .replaceAll(sep, '/'),
    )
    .filter((name) => !/^(?:lake|landing|lock|damaged|scratch)\b/.test(name))
    .sort()
}

export const damages = {
  gone: (path: string) => rm(path),
  'cut in half': async (path: string) => truncate(path, (await readFile(path)).length >> 1),
  'flipped in one bit': async (path: string) => {
    const bytes = await readFile(path)
    const middle = bytes.length >> 1
    bytes[middle] = (bytes[middle] ?? 0) ^ 1
    await writeFile(path, bytes)
  },
} as const

export async function copyOf(dir: string, to: string): Promise<void> {
  await rm(to, { recursive: true, force: true })
  await cp(dir, to, { recursive: true })
}

/** Everything that a reader of the lake and of quarantine sees, and how many faults an audit finds. */
export interface Seen {
  readonly rows: unknown
  readonly waiting: readonly string[]
  readonly faults: readonly string[]
}

export async function look(dir: string): Promise<Seen> {
  const entries = await storedEntries(runFolder(dir))
  const session = await LakeSession.open({ folder: dir, entries })
  const rows: Record<string, unknown> = {}
  try {
    for (const name of ['hr.people', 'public.things']) {
      const { batches } = await session.query(`select * from ${name} order by id`)
      const all = []
      for await (const batch of batches) all.push(...batch)
      rows[name] = all
    }
  } finally {
    session.close()
  }
  const quarantine = await FolderQuarantine.open(runFolder(dir), { mode: 'read' })
  const waiting: string[] = []
  for await (const { id, payload } of quarantine.list()) waiting.push(`${id} ${payload}`)
  await quarantine.close()
  const { findings } = await auditFolder(runFolder(dir), 1)
  return {
    rows,
    waiting,
    faults: findings.filter((one) => one.severity === 'fault').map((one) => one.message),
  }
}

/** Opens a folder as a command does that needs no source: what can be repaired is. */
export async function reopen(dir: string): Promise<readonly string[]> {
  return withStoredPipeline({ dir, contracts: [people], log: quiet }, async ({ repairs }) =>
    repairs.map(({ name }) => name),
  )
}
