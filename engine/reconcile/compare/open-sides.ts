import type pg from 'pg'
import type { Table } from '../../../core/contract/language/table.ts'
import type { MaskKey } from '../../../core/contract/masking/pii.ts'
import { PipelineError } from '../../../core/failures/failures.ts'
import type { Quarantine, SqlEngine } from '../../../core/ports/ports.ts'
import type { Position } from '../../../core/position.ts'
import type { ReadableLake } from '../../../lake/readable-lake.ts'
import { LakeSide } from '../lake/lake-side.ts'
import { sourceColumns } from '../source/source-columns.ts'
import { readLayout } from '../source/source-layout.ts'
import { SourceSide } from '../source/source-side.ts'
import type { Sides } from './compare-table.ts'
import type { HealingWay } from './heal.ts'
import type { RetryWindow } from './retry-window.ts'
import type { Steps } from './steps.ts'

export interface ProveDeps {
  readonly tables: readonly Table[]
  readonly quarantine: Pick<Quarantine, 'list'>
  readonly maskKey: MaskKey
  readonly lake: ReadableLake
  readonly engine: SqlEngine
  /** In the snapshot that is compared. */
  readonly client: pg.Client
  readonly asOf: Position
  /** The source's clock before the position was fixed, epoch milliseconds. */
  readonly begunAt: number
  /** Waits for something outside of the snapshot, so that nobody at the source waits for a lock of ours meanwhile. */
  readonly aside: <T>(wait: () => Promise<T>) => Promise<T>
  /** Makes sure that what was read was of the snapshot; see `checkUnchanged`. */
  readonly confirm: () => Promise<void>
  /** What is being done, to be named when the time is over. */
  readonly steps: Steps
  /** A file that may be written. */
  readonly file: string
  readonly random: () => number
  readonly healing?: HealingWay | undefined
  /** For rows that a load has put below their changes, which are read again without being asked; see `outranked`. */
  readonly mending?: HealingWay | undefined
  /** Whether another snapshot may follow this one; without it, positions are those of commits. */
  readonly mayLookAnew?: (() => boolean) | undefined
  /** For a lake that may lag behind the position; without it what differs is compared once. */
  readonly retryWindow?: (() => RetryWindow) | undefined
  readonly signal: AbortSignal
}

/** The sides of a table: the source in its snapshot, the lake as it is now. Throws `proof/no-key`. */
export async function openSides(deps: ProveDeps, table: Table): Promise<Sides> {
  const { engine, file, client, maskKey, asOf, signal } = deps
  const { entry, root } = await deps.lake.open(table, asOf, signal)
  const columns = sourceColumns(table, await readLayout(client, table.source.table), maskKey)
  const missing = table.primaryKey.filter((name) => columns.notCompared.includes(name))
  if (missing.length > 0)
    throw new PipelineError(
      'proof/no-key',
      `${table.source.table} cannot be compared: the source has no column ${missing.join(', ')} any more, the key of its contract`,
    )
  const source = new SourceSide(client, columns, signal)
  return {
    source,
    lake: await LakeSide.open(engine, { entry, columns, root, asOf }),
    engine,
    file,
    steps: deps.steps,
  }
}
