import type { TableInput } from '@aws-sdk/client-glue'
import type { ObjectStore } from '../../core/ports/ports.ts'
import { athenaTables } from '../../lake/sql/athena/athena-sources.ts'
import { readManifest } from './base-manifest.ts'
import type { EntryState } from './entry-parameters.ts'
import { viewInput } from './view-input.ts'

export interface ViewPlace {
  /** Before the name of each database: `dev_`. */
  readonly prefix: string
  /** Where the keys of the lake lie: `s3://bucket`. */
  readonly root: string
  /** For the manifests of bases. */
  readonly objects: Pick<ObjectStore, 'get'>
}

/** The view of current of a table in this state; `names` are those of Glue's tables, `database.table`. */
export async function defineView(
  { prefix, root, objects }: ViewPlace,
  state: EntryState,
  names: ReadonlySet<string>,
): Promise<TableInput> {
  const table = { ...state.table, name: `${prefix}${state.table.name}` }
  const base = state.base === null ? null : await readManifest(objects, state.base)
  const { base: baseName, tombstones } = athenaTables(table)
  const isThere =
    base !== null &&
    [baseName(base.build), tombstones(base.build)].every((name) => names.has(name.replaceAll('"', '')))
  /* Without the tables of base all history gives the same rows; where history was dropped, an error is better than fewer. */
  const usable = isThere || (base !== null && base.historyFrom !== null) ? base : null
  return viewInput({ ...state, table, partitions: [], base: usable }, root)
}
