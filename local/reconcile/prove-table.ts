import type pg from 'pg'
import type { MaskKey } from '../../core/contract/pii.ts'
import type { Table } from '../../core/contract/table.ts'
import { tableLabel } from '../../core/contract/table-label.ts'
import { PipelineError } from '../../core/failures.ts'
import type { CatalogEntry, Quarantine, SqlEngine } from '../../core/ports.ts'
import type { Position } from '../../core/position.ts'
import { BUCKETS } from '../../lake/checksum/checksum-sql.ts'
import { readSourceCatalog } from '../replicator/source-catalog.ts'
import { sampledBuckets } from './checksums.ts'
import { columnDifferences } from './column-differences.ts'
import { type Comparison, compareTable, type Difference, type Sides } from './compare-table.ts'
import { type Unexplained, unexplained } from './explained.ts'
import { foundTable, type HealingWay, type HealResult, sendAgain } from './heal.ts'
import { LakeSide } from './lake-side.ts'
import type { Scope, TableProof } from './proof.ts'
import { quarantinedKeys } from './quarantined-keys.ts'
import type { Since } from './since.ts'
import { sourceColumns } from './source-columns.ts'
import { readLayout } from './source-layout.ts'
import { type Selection, SourceSide } from './source-side.ts'

/** Which rows are compared. */
export type Asked =
  | { readonly kind: 'all' }
  /** A share of the keys, chosen at random. */
  | { readonly kind: 'sample'; readonly percent: number }
  /** Keys that the lake changed since then: a row that never arrived is not found. */
  | { readonly kind: 'since'; readonly since: Since }
  | { readonly kind: 'keys'; readonly keys: ReadonlySet<string> }

export interface ProveDeps {
  readonly tables: readonly Table[]
  readonly quarantine: Pick<Quarantine, 'list'>
  readonly maskKey: MaskKey
  readonly root: string
  readonly engine: SqlEngine
  /** In the snapshot that is compared. */
  readonly client: pg.Client
  /** As they are at the call. */
  readonly entries: () => Promise<readonly CatalogEntry[]>
  readonly asOf: Position
  /** A file that may be written. */
  readonly file: string
  readonly random: () => number
  readonly healing?: HealingWay | undefined
  readonly signal: AbortSignal
}

const MAX_SINCE_KEYS = 100_000
const MAX_SINCE_BYTES = 64 << 20

/** Compares one table, and with a way to heal sends again what differs and compares that again. */
export async function proveTable(deps: ProveDeps, table: Table, asked: Asked): Promise<TableProof> {
  const sides = await openSides(deps, table)
  const { selection, scope } = await select(sides.lake, asked, deps.random)
  const comparison = await compareTable(sides, selection)
  const found = await explain(deps, table, sides.lake, comparison)
  const rows = await columnDifferences(found.differences, sides)
  const { healed, left } = await heal(deps, table, sides, found)
  const { columns, way } = sides.source
  return {
    table: tableLabel(table, deps.tables),
    equal: left.different === 0,
    ...{ scope, way, rows, healed },
    sourceRows: comparison.sourceRows,
    lakeRows: comparison.lakeRows,
    different: left.different,
    differences: left.differences,
    notCompared: columns.notCompared,
    quarantinedKeys: left.quarantinedKeys,
  }
}

async function openSides(deps: ProveDeps, table: Table): Promise<Sides> {
  const { engine, file, client, entries, maskKey, root, asOf, signal } = deps
  const entry = (await entries()).find(
    (known) => known.table.name === table.name && known.table.version === table.version,
  )
  if (entry === undefined) throw new PipelineError('lake/unreadable', `${table.name} is not in the catalog`)
  const columns = sourceColumns(table, await readLayout(client, table.source.table), maskKey)
  const source = new SourceSide(client, columns, signal)
  return { source, lake: new LakeSide(engine, { entry, columns, root, asOf }), engine, file }
}

async function select(
  lake: LakeSide,
  asked: Asked,
  random: () => number,
): Promise<{ readonly selection: Selection; readonly scope: Scope }> {
  switch (asked.kind) {
    case 'all':
      return { selection: asked, scope: asked }
    case 'sample': {
      const buckets = sampledBuckets(asked.percent, random)
      const percent = (100 * buckets.length) / BUCKETS
      return {
        selection: { kind: 'buckets', buckets },
        scope: { ...asked, percent, buckets: buckets.length },
      }
    }
    case 'since': {
      const keys = await sinceKeys(lake, asked.since)
      return { selection: { kind: 'keys', keys }, scope: { ...asked, keys: keys.size } }
    }
    case 'keys':
      return { selection: asked, scope: { kind: 'keys', keys: asked.keys.size } }
  }
}

async function sinceKeys(lake: LakeSide, since: Since): Promise<ReadonlySet<string>> {
  const keys = await lake.changedKeys(since, MAX_SINCE_KEYS + 1)
  const bytes = keys.reduce((total, key) => total + key.length, 0)
  if (keys.length > MAX_SINCE_KEYS || bytes > MAX_SINCE_BYTES)
    throw new PipelineError(
      'usage/invalid',
      `more than ${MAX_SINCE_KEYS} keys of a table changed since then: name a later time, or leave it out`,
    )
  return new Set(keys)
}

async function explain(
  deps: ProveDeps,
  table: Table,
  lake: LakeSide,
  comparison: Comparison,
): Promise<Unexplained> {
  if (comparison.differenceCount === 0) return { differences: [], different: 0, quarantinedKeys: [] }
  const { quarantine, maskKey, asOf } = deps
  const quarantined = await quarantinedKeys(quarantine, table, maskKey, asOf)
  return unexplained(comparison, quarantined, (rows) => lake.formerKeys(rows))
}

async function heal(
  deps: ProveDeps,
  table: Table,
  sides: Sides,
  found: Unexplained,
): Promise<{ readonly healed: HealResult | null; readonly left: Unexplained }> {
  const { healing, client, asOf } = deps
  const { differences } = found
  if (healing === undefined || differences.length === 0) return { healed: null, left: found }
  const name = table.source.table
  const sourceTable = foundTable(await readSourceCatalog(client, [name]), name)
  const notPossible = await sendAgain(differences, { source: sides.source, sourceTable, asOf, way: healing })
  await healing.landed()
  const keys = keysOf(differences)
  /* The catalog may know days and files now that it did not before. */
  const reopened = await openSides(deps, table)
  const again = await compareTable(reopened, { kind: 'keys', keys })
  const after = await explain(deps, table, reopened.lake, again)
  const unlisted = found.different - differences.length
  const left = {
    differences: after.differences,
    different: after.different + unlisted,
    quarantinedKeys: [...found.quarantinedKeys, ...after.quarantinedKeys],
  }
  return {
    healed: { healed: keys.size - after.different, stillDifferent: left.different, notPossible },
    left,
  }
}

function keysOf(differences: readonly Difference[]): ReadonlySet<string> {
  return new Set(differences.map(({ key }) => key))
}
