import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { PipelineError } from '../../core/failures/failures.ts'
import type { LoadLedger } from '../../core/load/load.ts'
import type { Clock, Logger } from '../../core/ports/ports.ts'
import { sourceTableName } from '../../core/source-table-name.ts'
import { DuckEngine } from '../../engine/duckdb/duck-engine.ts'
import { type LandedFile, landOrRejectFile } from '../../engine/load-file/land-or-reject-file.ts'
import { currentTable } from '../../engine/postgres/catalog/current-table.ts'
import type { SourceTable } from '../../engine/postgres/catalog/source-catalog.ts'
import { KeptConnection } from '../../engine/postgres/connection/kept-connection.ts'
import {
  closeClient,
  connectSource,
  type Source,
} from '../../engine/postgres/connection/source-connection.ts'
import { dropOlderFiles } from '../../ingest/loads/drop-older-files.ts'
import type { Estimates } from '../../ingest/loads/list-of-loads.ts'
import { globPath, literal } from '../../lake/sql/sql-text.ts'
import { copyReading } from '../loads/copy-reading.ts'
import { EngineRoom, roomFor } from '../loads/engine-room.ts'
import type { OpenParts } from '../loads/held-parts.ts'
import { LoadRunner } from '../loads/load-runner.ts'
import type { FileToLand } from '../loads/run-table-load.ts'
import type { Pipeline } from '../pipeline/pipeline.ts'
import { isWaiting } from '../pipeline/source-run.ts'
import type { RunState } from '../state/run-state.ts'
import { FolderFiles } from '../stores/folder-files.ts'

export interface OpenLoadsOptions {
  readonly source: Source
  readonly sources: () => readonly SourceTable[]
  readonly state: RunState
  readonly pipeline: Pipeline
  readonly ledger: LoadLedger
  readonly log: Logger
  readonly now: Clock
  /** Told of each load that is over. */
  readonly onOver: () => void
  /** Bytes of COPY's text for each load file; the writer's own when left out. */
  readonly fileBytes?: number | undefined
}

/* Each of the two engines of a load: one writes files, one lands them, side by side. */
const ENGINE_MEMORY = `${roomFor(0)}MB`

/** The loads of a run, wired to its stores: floors go to the catalog, refused rows to quarantine. */
export async function openLoads(options: OpenLoadsOptions): Promise<LoadRunner> {
  const { source, sources, state, ledger, log, now } = options
  const runner = await LoadRunner.open({
    ledger,
    sources,
    log,
    now,
    isRequired: (table) => isRequired(table, state),
    describe: (table) => currentTable(source, table),
    estimate: (found) => estimateRows(source, found),
    onOver: options.onOver,
    open: () => openParts(options, () => runner),
  })
  return runner
}

async function openParts(options: OpenLoadsOptions, runner: () => LoadRunner): Promise<OpenParts> {
  const { source, state, pipeline, log, now, fileBytes } = options
  const { folder, objects, catalog } = pipeline
  await mkdir(folder.scratch, { recursive: true, mode: 0o700 })
  const temporary = await mkdtemp(join(folder.scratch, 'load-'))
  const engine = await DuckEngine.open({ temporary, memory: ENGINE_MEMORY })
  const lander = await DuckEngine.open({ temporary, memory: ENGINE_MEMORY })
  const files = new FolderFiles(objects, temporary)
  const room = new EngineRoom([engine, lander])
  const connection = new KeptConnection(source, 'tidemark load')
  return {
    parts: {
      epoch: state.data.epoch,
      objects,
      makeRoom: (columns) => room.make(columns),
      ...copyReading(
        source,
        { connection, files, engine, now, ...(fileBytes === undefined ? {} : { fileBytes }) },
        async (entry) => {
          log.warn('load.oversize', { table: entry.table ?? '' })
          await pipeline.quarantine.put([entry])
        },
      ),
      land: (file) => landLoaded(file, lander, files, options),
      rowsIn: (keys) => rowsIn(lander, keys, folder.root),
      catalog,
      settle: async (table) => {
        const { oid, rows, position, startedAt } = table
        const { stale } = state.data.loads[table.table] ?? {}
        const isMended = stale === undefined || (startedAt !== null && stale.at < startedAt)
        await state.setLoad(table.table, {
          state: 'complete',
          oid,
          rows,
          position,
          ...(isMended ? {} : { stale }),
        })
        if (startedAt !== null) await pipeline.drift.settle(table.table, startedAt)
        /* The load is complete without it; the next one of the table takes away what is left. */
        await dropOlderFiles(table, runner().loads(), objects).catch(() =>
          log.warn('load.leftovers', { table: table.table }),
        )
      },
    },
    close: () => {
      engine.close()
      lander.close()
      void connection.close()
      void rm(temporary, { recursive: true, force: true })
    },
  }
}

async function landLoaded(
  file: FileToLand,
  engine: DuckEngine,
  files: FolderFiles,
  { pipeline, log }: OpenLoadsOptions,
): Promise<LandedFile> {
  const { key } = file
  const version = `${await pipeline.objects.version(key)}-r0`
  const landed = await landOrRejectFile({ ...file, version }, { ...loadStores(pipeline), engine, files })
  if (!(landed instanceof PipelineError)) return landed
  /* The table's load fails, and `load resume` reads it again. */
  log.warn('load.refused', { code: landed.code, key })
  throw landed
}

function loadStores({ objects, catalog, quarantine, maskKey, tables, ledger }: Pipeline) {
  return { objects, catalog, quarantine, maskKey, tables, ledger }
}

/* A table that was added to a running pipeline must not end it for the others. */
function isRequired(table: SourceTable, { data }: RunState): boolean {
  const name = sourceTableName(table)
  return !data.added.includes(name) && isWaiting(data.loads[name], table)
}

async function rowsIn(engine: DuckEngine, keys: readonly string[], root: string): Promise<number> {
  if (keys.length === 0) return 0
  const paths = keys.map((key) => literal(globPath(join(root, key))))
  const [row] = await engine.rows(
    `SELECT sum(num_rows)::BIGINT FROM parquet_file_metadata([${paths.join(', ')}])`,
  )
  return Number(row?.[0] ?? 0)
}

/* As ANALYZE or autovacuum last counted; -1 stands for never. */
async function estimateRows(source: Source, tables: readonly SourceTable[]): Promise<Estimates> {
  const client = await connectSource(source, { applicationName: 'tidemark load' })
  try {
    const { rows } = await client.query<{ rows: string; unknown: boolean | null }>(
      `select coalesce(sum(greatest(c.reltuples, 0)), 0)::bigint::text as rows, bool_and(c.reltuples < 0) as unknown
       from unnest($1::oid[]) with ordinality as asked(oid, place)
       left join lateral (select t.relid from pg_partition_tree(asked.oid::regclass) t where t.isleaf) leaf on true
       left join pg_class c on c.oid = coalesce(leaf.relid, asked.oid)
       group by asked.place order by asked.place`,
      [tables.map(({ oid }) => oid)],
    )
    return new Map(
      tables.flatMap((table, place) => {
        const { rows: count, unknown = null } = rows[place] ?? {}
        return unknown === false ? [[sourceTableName(table), Number(count)] as const] : []
      }),
    )
  } finally {
    await closeClient(client)
  }
}
