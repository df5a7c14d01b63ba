import { resolve } from 'node:path'
import type { Table } from '../../core/contract/language/table.ts'
import { type Load, loadPrefix } from '../../core/load/load.ts'
import type { ObjectStore, PositionRange } from '../../core/ports/ports.ts'
import type { Position } from '../../core/position.ts'
import { digestOf } from '../../engine/files/file-digest.ts'
import type { LandedTableFile, LandTableFileRequest } from '../loads/land-table-file.ts'
import type { ReplayState } from './replay-state.ts'

/** The files of the newest complete load of a table, and where their rows rank. */
export interface StoredLoad {
  readonly keys: readonly string[]
  readonly position: Position
}

/** Lands a load file once more, for one contract; a dry run only counts. */
export type LandAgain = (file: LandTableFileRequest, isDryRun: boolean) => Promise<LandedTableFile>

/** The load whose files are kept, when its position lies in the range. Files of older loads count for nothing: its floor hides them. */
export async function storedLoad(
  { source }: Table,
  { from = '', to = '~' }: PositionRange,
  loads: readonly Load[],
  objects: Pick<ObjectStore, 'list'>,
): Promise<StoredLoad | undefined> {
  let newest: { readonly id: string; readonly position: Position } | undefined
  for (const { id, tables } of loads) {
    const found = tables.find(({ table, state }) => table === source.table && state === 'complete')
    const position = found?.position ?? ''
    if (position > (newest?.position ?? '')) newest = { id, position }
  }
  if (newest === undefined || newest.position < from || newest.position > to) return undefined
  const keys = await objects.list(`${loadPrefix(newest.id, source.table)}/`)
  return { keys, position: newest.position }
}

/** Lands the next file of a load at the revision of a replay. */
export async function replayLoadFile(
  state: ReplayState,
  { keys, position }: StoredLoad,
  { table, isDryRun, land, root }: { table: Table; isDryRun: boolean; land: LandAgain; root: string },
): Promise<ReplayState> {
  const key = keys[state.loadFiles]
  if (key === undefined) throw new RangeError('a load file beyond the last one')
  const { revision, ingestDate } = state
  const landed = await land({ key, table: table.source.table, position, revision, ingestDate }, isDryRun)
  const refused = sum(Object.values(landed.refused))
  const counted = {
    ...state,
    loadFiles: state.loadFiles + 1,
    landedAgain: [
      ...state.landedAgain,
      { key, rows: landed.rows, landed: sum(Object.values(landed.landed)), refused },
    ],
    changes: state.changes + landed.rows,
    rows: state.rows + sum(Object.values(landed.landed)),
    refused: state.refused + refused,
  }
  if (isDryRun) return counted
  const made = landed.history.flatMap(({ added }) => added)
  const files = await Promise.all(
    made.map(async ({ key: history, rows, bytes }) => ({
      ...{ key: history, rows, bytes },
      sha256: await digestOf(resolve(root, history)),
    })),
  )
  return { ...counted, files: [...state.files, ...files] }
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}
