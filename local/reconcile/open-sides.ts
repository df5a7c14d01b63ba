import type pg from 'pg'
import type { MaskKey } from '../../core/contract/pii.ts'
import type { Table } from '../../core/contract/table.ts'
import type { Quarantine, SqlEngine } from '../../core/ports.ts'
import type { Position } from '../../core/position.ts'
import type { ReadableLake } from '../../lake/readable-lake.ts'
import type { Sides } from './compare-table.ts'
import type { HealingWay } from './heal.ts'
import { LakeSide } from './lake-side.ts'
import type { Patience } from './patience.ts'
import { sourceColumns } from './source-columns.ts'
import { readLayout } from './source-layout.ts'
import { SourceSide } from './source-side.ts'

export interface ProveDeps {
  readonly tables: readonly Table[]
  readonly quarantine: Pick<Quarantine, 'list'>
  readonly maskKey: MaskKey
  readonly lake: ReadableLake
  readonly engine: SqlEngine
  /** In the snapshot that is compared. */
  readonly client: pg.Client
  readonly asOf: Position
  /** A file that may be written. */
  readonly file: string
  readonly random: () => number
  readonly healing?: HealingWay | undefined
  /** For a lake that may lag behind the position; without it what differs is compared once. */
  readonly patience?: (() => Patience) | undefined
  readonly signal: AbortSignal
}

/** The sides of a table: the source in its snapshot, the lake as it is now. */
export async function openSides(deps: ProveDeps, table: Table): Promise<Sides> {
  const { engine, file, client, maskKey, asOf, signal } = deps
  const { entry, root } = await deps.lake.open(table, asOf, signal)
  const columns = sourceColumns(table, await readLayout(client, table.source.table), maskKey)
  const source = new SourceSide(client, columns, signal)
  return { source, lake: new LakeSide(engine, { entry, columns, root, asOf }), engine, file }
}
