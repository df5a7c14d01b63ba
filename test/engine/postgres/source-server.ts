import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { PipelineError } from '../../../core/failures/failures.ts'
import type { StreamRecord } from '../../../core/stream-record.ts'
import { readSourceCatalog, type SourceTable } from '../../../engine/postgres/catalog/source-catalog.ts'
import { parseLsn } from '../../../engine/postgres/connection/lsn.ts'
import { closeClient, type Source } from '../../../engine/postgres/connection/source-connection.ts'
import { ensurePublication } from '../../../engine/postgres/rules/ensure-publication.ts'
import type { ReplicationBatch } from '../../../engine/postgres/stream/delivery-queue.ts'
import { openSnapshot } from '../../../engine/postgres/stream/snapshot.ts'
import { type StreamOptions, streamChanges } from '../../../engine/postgres/stream/stream-changes.ts'
import { startCopiedServer } from '../../local/sample/copied-server.ts'

export const PUBLICATION = 'tidemark'

/** A real server in a folder of its own, gone with `stop`. */
export interface SourceServer {
  readonly url: string
  database(schema: string): Promise<SourceDatabase>
  stop(): Promise<void>
}

/** The server's database without table, slot or publication: each call empties it. */
export interface SourceDatabase {
  readonly source: Source
  readonly client: pg.Client
  readonly name: string
}

export async function startSource(settings: Readonly<Record<string, string>> = {}): Promise<SourceServer> {
  const root = await mkdtemp(join(tmpdir(), 'tidemark-replicator-'))
  await chmod(root, 0o755)
  const server = await startCopiedServer({
    dir: join(root, 'pg'),
    settings: { max_replication_slots: '40', max_wal_senders: '40', ...settings },
  })
  const url = new URL(server.url)
  const source = { url: url.href }
  const database = { source, client: await openClient(source), name: url.pathname.slice(1) }
  url.pathname = '/postgres'
  return {
    url: url.href,
    database: async (schema) => {
      await empty(database)
      await database.client.query(schema)
      return database
    },
    stop: async () => {
      await closeClient(database.client)
      await server.stop()
      await rm(root, { recursive: true, force: true })
    },
  }
}

/** A session of the application that writes: unlike `connectSource` it finds names in `public`. `closeClient` ends it. */
export async function openClient({ url }: Source): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url, options: '-c TimeZone=UTC' })
  /* A server that stops ends it. */
  client.on('error', () => undefined)
  await client.connect()
  return client
}

/* Making a database takes 300 ms, emptying one 10. */
async function empty({ client, name }: SourceDatabase): Promise<void> {
  await client.query(`
    do $$ begin
      perform pg_terminate_backend(active_pid) from pg_replication_slots where active_pid is not null;
      for tries in 1..500 loop
        exit when not exists (select from pg_replication_slots where active_pid is not null);
        perform pg_sleep(0.01);
      end loop;
    end $$;
    select pg_drop_replication_slot(slot_name) from pg_replication_slots where active_pid is null;
    alter database ${name} reset all;
    do $$ declare item text; begin
      for item in select pubname from pg_publication loop execute format('drop publication %I', item); end loop;
      for item in select nspname from pg_namespace where nspname !~ '^pg_' and nspname <> 'information_schema'
        loop execute format('drop schema %I cascade', item); end loop;
    end $$;
    create schema public`)
}

/** A stream that collects what it delivers. */
export interface Collected {
  readonly batches: ReplicationBatch[]
  readonly records: StreamRecord[]
  readonly idles: bigint[]
  /** Resolves or rejects as the stream does. */
  readonly done: Promise<void>
  stop(): Promise<void>
  /** Waits until everything committed so far is delivered. */
  caughtUp(client: pg.Client): Promise<void>
}

export function collect(
  database: SourceDatabase,
  tables: readonly SourceTable[],
  options: Partial<StreamOptions> & { readonly slot: string },
): Collected {
  const batches: ReplicationBatch[] = []
  const records: StreamRecord[] = []
  const idles: bigint[] = []
  const stopping = new AbortController()
  let through = 0n
  let failed = false
  const done = streamChanges({
    source: database.source,
    publication: PUBLICATION,
    tables,
    startLsn: 0n,
    signal: stopping.signal,
    log: () => undefined,
    lingerMs: 5,
    ...options,
    deliver: async (batch) => {
      await options.deliver?.(batch)
      batches.push(batch)
      records.push(...batch.records)
      through = batch.through
    },
    onIdle: (lsn) => {
      idles.push(lsn)
      through = lsn
    },
  })
  done.catch(() => {
    failed = true
  })
  return {
    batches,
    records,
    idles,
    done,
    stop: async () => {
      stopping.abort()
      await done
    },
    caughtUp: async (client) => {
      const target = await walEnd(client)
      await until(() => {
        if (failed) throw new Error('the stream has failed')
        return through >= target
      })
    },
  }
}

/** A slot with its publication, for all tables of the database. */
export async function prepare(
  database: SourceDatabase,
  slot: string,
): Promise<{ readonly tables: readonly SourceTable[]; readonly lsn: bigint }> {
  const tables = await readSourceCatalog(database.client)
  await ensurePublication(database.client, PUBLICATION, tables)
  const snapshot = await openSnapshot(database.source, { slot })
  await snapshot.close()
  return { tables, lsn: snapshot.lsn }
}

/** The end of everything that was committed before the call. */
export async function walEnd(client: pg.Client): Promise<bigint> {
  /* A record of its own, flushed: the stream can reach the position without another commit. */
  await client.query(`select pg_logical_emit_message(true, 'test', '')`)
  const { rows } = await client.query<{ lsn: string }>('select pg_current_wal_flush_lsn()::text as lsn')
  return parseLsn(rows[0]?.lsn ?? '')
}

export async function confirmedFlush(client: pg.Client, slot: string): Promise<bigint> {
  const { rows } = await client.query<{ lsn: string }>(
    'select confirmed_flush_lsn::text as lsn from pg_replication_slots where slot_name = $1',
    [slot],
  )
  return parseLsn(rows[0]?.lsn ?? '')
}

/** Polls until the condition holds; fails after a minute so that a broken test does not hang. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  for (const begun = performance.now(); performance.now() - begun < 60_000; ) {
    if (await condition()) return
    await sleep(10)
  }
  throw new Error('the condition did not come true')
}

export interface Envelope {
  readonly data: Readonly<Record<string, unknown>>
  readonly 'before-image'?: Readonly<Record<string, unknown>>
  readonly control?: Readonly<Record<string, unknown>>
  readonly metadata: Readonly<Record<string, unknown>>
}

export function envelope(record: StreamRecord): Envelope {
  return JSON.parse(record.data.toString())
}

/** `operation` and row of each record. */
export function summary(records: readonly StreamRecord[]): readonly (readonly [unknown, unknown])[] {
  return records.map((record) => {
    const { metadata, data } = envelope(record)
    return [metadata['operation'], data]
  })
}

/** The raw text of `data`, where digits matter. */
export function dataText(record: StreamRecord): string {
  const text = record.data.toString()
  return text.slice(0, text.search(/,"(before-image|metadata)":/))
}

/** The named failure that the run ends with. */
export async function refusal(run: Promise<unknown>): Promise<PipelineError> {
  const error = await run.then(
    () => undefined,
    (cause: unknown) => cause,
  )
  if (error instanceof PipelineError) return error
  throw new Error('not refused', { cause: error })
}

/** The source as the role `reader`, which may do what `grants` say and nothing else. */
export async function asReader(database: SourceDatabase, grants: string): Promise<Source> {
  await database.client.query(`
    do $$ begin if exists (select from pg_roles where rolname = 'reader') then
      drop owned by reader; drop role reader; end if; end $$;
    create role reader login password 'reader'; ${grants}`)
  const url = new URL(database.source.url)
  url.username = 'reader'
  url.password = 'reader'
  return { url: url.href }
}
