import { mkdtemp, rm } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import pg from 'pg'
import type { MaskKey } from '../../core/contract/pii.ts'
import type { Table } from '../../core/contract/table.ts'
import { tableLabel } from '../../core/contract/table-label.ts'
import { PipelineError } from '../../core/failures.ts'
import type { Catalog, Quarantine } from '../../core/ports.ts'
import { loadPosition } from '../../core/position.ts'
import { DuckEngine } from '../duckdb/duck-engine.ts'
import { quoteLiteral } from '../replicator/quote-identifier.ts'
import { openSnapshot } from '../replicator/snapshot.ts'
import { closeClient, connectSource, type Source } from '../replicator/source-connection.ts'
import { errorCodeOf, toSourceError } from '../replicator/source-error.ts'
import type { HealingWay } from './heal.ts'
import type { Proof, TableProof } from './proof.ts'
import { type Asked, proveTable } from './prove-table.ts'

export type { Proof, TableProof } from './proof.ts'

/** What a proof is asked for beyond the whole of every table. */
export interface ReconcileRequest {
  /** Contract or source names; every table when left out. */
  readonly tables?: readonly string[] | undefined
  readonly scope?: Asked | undefined
  /** Sends again what differs; needs `healing`. */
  readonly heal?: boolean | undefined
}

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
  readonly request?: ReconcileRequest | undefined
  /** The pipeline of this process, which owns the folder. */
  readonly healing?: HealingWay | undefined
  readonly random?: (() => number) | undefined
}

/**
 * Compares every table of the source at one position with the lake as of the same position, by content: exact while
 * both go on changing. Each engine adds up checksums of its rows; keys and columns that differ are named.
 * Throws `usage/invalid` for a request that cannot be met, and `source/…` and `lake/…` failures.
 */
export async function reconcile(deps: ReconcileDeps): Promise<Proof> {
  const { tables: names, scope = { kind: 'all' }, heal = false } = deps.request ?? {}
  if (heal && deps.healing === undefined)
    throw new PipelineError('usage/invalid', 'only the process that runs the folder can heal it')
  return proveTables(deps, chosenTables(deps.tables, names), () => scope, heal)
}

/** Keys, by their comparison texts, of tables by the label that proofs have. */
export type HealKeys = Readonly<Record<string, readonly string[]>>

/**
 * Compares some keys as of a new snapshot and sends again what still differs: for the process that owns the folder, also
 * when another one found the keys. Resolves with the proofs of these keys after healing.
 */
export async function heal(deps: ReconcileDeps, keys: HealKeys): Promise<readonly TableProof[]> {
  if (deps.healing === undefined) throw new RangeError('healing needs the pipeline of the folder')
  const names = new Map(deps.tables.map((table) => [tableLabel(table, deps.tables), table]))
  const tables = Object.keys(keys).map((label) => {
    const table = names.get(label)
    if (table === undefined) throw new PipelineError('usage/invalid', `no table ${label}`)
    return table
  })
  const asked = (table: Table): Asked => ({
    kind: 'keys',
    keys: new Set(keys[tableLabel(table, deps.tables)]),
  })
  return (await proveTables(deps, tables, asked, true)).tables
}

async function proveTables(
  deps: ReconcileDeps,
  tables: readonly Table[],
  asked: (table: Table) => Asked,
  isHealing: boolean,
): Promise<Proof> {
  const { source, signal, epoch, reach, catalog, random = Math.random, onTable, healing, ...rest } = deps
  const snapshot = await openSnapshot(source)
  const folder = await mkdtemp(join(deps.root, 'reconcile-'))
  const engine = await DuckEngine.open({ temporary: folder, threads: 2 })
  const interrupt = () => engine.interrupt()
  signal.addEventListener('abort', interrupt, { once: true })
  try {
    await reach(snapshot.lsn)
    const asOf = loadPosition(epoch, snapshot.lsn)
    const proofs: TableProof[] = []
    for (const table of tables) {
      onTable?.(table.name)
      const prove = (client: pg.Client) =>
        proveTable(
          {
            ...rest,
            ...{ client, engine, asOf, random, signal },
            entries: () => catalog.entries(),
            root: resolve(deps.root),
            file: join(folder, 'source.csv'),
            healing: isHealing ? healing : undefined,
          },
          table,
          asked(table),
        )
      proofs.push(await inSnapshot(source, snapshot.snapshotName, signal, table.source.table, prove))
    }
    return { equal: proofs.every(({ equal }) => equal), lsn: snapshot.lsn, asOf, tables: proofs }
  } finally {
    signal.removeEventListener('abort', interrupt)
    engine.close()
    await snapshot.close()
    await rm(folder, { recursive: true, force: true })
  }
}

/* A table may take longer than any fixed time; the caller's deadline cuts the connection. */
async function inSnapshot<T>(
  source: Source,
  snapshotName: string,
  signal: AbortSignal,
  table: string,
  work: (client: pg.Client) => Promise<T>,
): Promise<T> {
  signal.throwIfAborted()
  const client = await connectSource(source, { applicationName: 'tidemark reconcile', queryMs: 0 })
  const cut = () => client.connection.stream.destroy()
  signal.addEventListener('abort', cut, { once: true })
  try {
    await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY')
    await client.query(`SET TRANSACTION SNAPSHOT ${quoteLiteral(snapshotName)}`)
    return await work(client)
  } catch (cause) {
    signal.throwIfAborted()
    throw isOfSource(cause) ? toSourceError(cause, `${table} cannot be compared`) : cause
  } finally {
    signal.removeEventListener('abort', cut)
    await closeClient(client)
  }
}

function isOfSource(cause: unknown): boolean {
  if (cause instanceof pg.DatabaseError) return true
  const isCut = cause instanceof Error && cause.message.startsWith('Connection terminated')
  return isCut || errorCodeOf(cause) === 'ECONNRESET'
}

function chosenTables(tables: readonly Table[], names: readonly string[] | undefined): readonly Table[] {
  if (names === undefined) return tables
  const isNamed = (table: Table, name: string) =>
    [table.name, table.source.table, tableLabel(table, tables)].includes(name)
  const unknown = names.filter((name) => !tables.some((table) => isNamed(table, name)))
  if (unknown.length > 0)
    throw new PipelineError('usage/invalid', `no table ${unknown.join(', ')} is captured`)
  return tables.filter((table) => names.some((name) => isNamed(table, name)))
}
