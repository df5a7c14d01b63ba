import { mkdtemp, rm } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api'
import type { MaskKey } from '../../core/contract/pii.ts'
import type { Table } from '../../core/contract/table.ts'
import { tableLabel } from '../../core/contract/table-label.ts'
import { PipelineError } from '../../core/failures.ts'
import type { Catalog, CatalogEntry, Quarantine } from '../../core/ports.ts'
import { loadPosition, type Position } from '../../core/position.ts'
import { literal } from '../../lake/sql-text.ts'
import { quoteLiteral } from '../replicator/quote-identifier.ts'
import { openSnapshot, type Snapshot } from '../replicator/snapshot.ts'
import { closeClient, connectSource, type Source } from '../replicator/source-connection.ts'
import { compareTable, type Difference } from './compare-table.ts'
import { quarantinedKeys } from './quarantined-keys.ts'
import { comparedColumns, readLayout, type SourceLayout, writeSourceDigests } from './read-source.ts'

export interface ReconcileDeps {
  readonly source: Source
  readonly tables: readonly Table[]
  readonly epoch: number
  readonly catalog: Catalog
  readonly quarantine: Pick<Quarantine, 'list'>
  readonly maskKey: MaskKey
  /** Folder that holds `lake/`. */
  readonly root: string
  /** Resolves when the lake holds every commit before the LSN. */
  readonly reach: (lsn: bigint) => Promise<void>
  readonly signal: AbortSignal
  readonly onTable?: (table: string) => void
}

export interface TableProof {
  readonly table: string
  readonly equal: boolean
  readonly sourceRows: number
  readonly lakeRows: number
  /** Keys that differ and have no change in quarantine that explains it. */
  readonly different: number
  readonly differences: readonly Difference[]
  /** Contract columns that the source does not have (any more). */
  readonly notCompared: readonly string[]
  /** Keys that differ because their change is in quarantine. */
  readonly quarantinedKeys: readonly string[]
}

export interface Proof {
  readonly equal: boolean
  /** Everything committed before this position was compared, and nothing after. */
  readonly lsn: bigint
  readonly tables: readonly TableProof[]
}

/**
 * Compares every table of the source at one position with the lake as of the same position, by content: exact while
 * both go on changing. Each engine writes its rows in one comparison text; keys that differ are named.
 */
export async function reconcile(deps: ReconcileDeps): Promise<Proof> {
  const snapshot = await openSnapshot(deps.source)
  const folder = await mkdtemp(join(deps.root, 'reconcile-'))
  const duckdb = await DuckDBInstance.create(':memory:', {
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
    memory_limit: '512MB',
    threads: '2',
  })
  const connection = await duckdb.connect()
  try {
    await connection.run(
      `SET TimeZone = 'UTC'; SET preserve_insertion_order = false; SET temp_directory = ${literal(folder)}`,
    )
    await deps.reach(snapshot.lsn)
    const entries = await deps.catalog.entries()
    const tables: TableProof[] = []
    for (const table of deps.tables) {
      deps.onTable?.(table.name)
      tables.push(await proveTable(deps, { connection, snapshot, folder, entries }, table))
    }
    return { equal: tables.every(({ equal }) => equal), lsn: snapshot.lsn, tables }
  } finally {
    connection.closeSync()
    duckdb.closeSync()
    await snapshot.close()
    await rm(folder, { recursive: true, force: true })
  }
}

interface Comparing {
  readonly connection: DuckDBConnection
  readonly snapshot: Snapshot
  readonly folder: string
  readonly entries: readonly CatalogEntry[]
}

async function proveTable(
  deps: ReconcileDeps,
  { connection, snapshot, folder, entries }: Comparing,
  table: Table,
): Promise<TableProof> {
  const { maskKey, quarantine, epoch, signal } = deps
  const entry = entries.find(
    (known) => known.table.name === table.name && known.table.version === table.version,
  )
  if (entry === undefined) throw new PipelineError('lake/unreadable', `${table.name} is not in the catalog`)
  const asOf = loadPosition(epoch, snapshot.lsn)
  const file = join(folder, 'source.csv')
  let layout: SourceLayout
  const client = await connectSource(deps.source, { applicationName: 'tidemark reconcile', queryMs: 0 })
  /* A table may take longer than any fixed time; the caller's deadline cuts the connection. */
  const cut = () => client.connection.stream.destroy()
  signal.addEventListener('abort', cut, { once: true })
  try {
    await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY')
    await client.query(`SET TRANSACTION SNAPSHOT ${quoteLiteral(snapshot.snapshotName)}`)
    layout = await readLayout(client, table.source.table)
    await writeSourceDigests(client, table, { maskKey, file, layout, signal })
  } finally {
    signal.removeEventListener('abort', cut)
    await closeClient(client)
  }
  const comparison = await compareTable(connection, {
    table,
    columns: comparedColumns(table, layout),
    entry,
    root: resolve(deps.root),
    file,
    asOf,
  })
  const quarantined = await quarantinedKeys(quarantine, table, maskKey, asOf)
  const isExplained = (difference: Difference) =>
    explains(quarantined.positions.get(difference.key), difference)
  const unexplained = comparison.differences.filter((difference) => !isExplained(difference))
  const explained = comparison.differences.length - unexplained.length
  const different = comparison.differenceCount - explained
  return {
    table: tableLabel(table, deps.tables),
    equal: different === 0,
    sourceRows: comparison.sourceRows,
    lakeRows: comparison.lakeRows,
    different,
    differences: unexplained,
    notCompared: Object.keys(table.columns).filter(
      (name) => !layout.columns.has(table.columns[name]?.from ?? name),
    ),
    quarantinedKeys: comparison.differences.filter(isExplained).map(({ key }) => key),
  }
}

/*
 * A quarantined change explains a difference when it is newer than the lake's row, or when that row lacks columns that
 * only the quarantined change brought.
 */
function explains(quarantined: Position | undefined, { position, hasAbsent }: Difference): boolean {
  if (quarantined === undefined) return false
  return position === null || quarantined >= position || hasAbsent
}
