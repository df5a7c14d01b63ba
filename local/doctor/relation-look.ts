import type { ClientBase } from 'pg'
import type { SilentTable, SourceTable } from '../../engine/postgres/catalog/source-catalog.ts'
import type { SourceReader } from '../../engine/postgres/catalog/source-facts.ts'
import type { PublicationState } from '../../engine/postgres/rules/publication-state.ts'
import type { LeftOutTable } from '../../engine/postgres/rules/table-rules.ts'

export interface RelationFacts {
  readonly reader: SourceReader
  readonly tables: readonly SourceTable[]
  readonly silent: readonly SilentTable[]
  /** Columns that may be kept out of line, by table OID. */
  readonly large: ReadonlyMap<number, readonly string[]>
}

export interface ContractFacts {
  readonly tables: readonly SourceTable[]
  /** Tables that no lake table can be made for; undefined where the contracts that the lake was made by are not given. */
  readonly leftOut: readonly LeftOutTable[] | undefined
}

export interface PublicationFacts {
  readonly tables: readonly SourceTable[]
  readonly publication: PublicationState
  /** Whether a slot is there that was read with it: without it the slot cannot be read on. */
  readonly isRead: boolean
}

/* Out of line is what is extended or external; main is kept in the row as long as it fits. */
const LARGE = `
  select a.attrelid::text as oid, a.attname::text as name from pg_attribute a
  where a.attrelid = any ($1::oid[]) and a.attnum > 0 and not a.attisdropped
    and a.attgenerated = '' and a.attstorage in ('x', 'e')
  order by a.attrelid, a.attnum`

export async function readLargeColumns(
  client: ClientBase,
  tables: readonly SourceTable[],
): Promise<RelationFacts['large']> {
  const { rows } = await client.query<{ oid: string; name: string }>(LARGE, [
    tables.map((table) => table.oid),
  ])
  const large = new Map<number, string[]>()
  for (const { oid, name } of rows) large.set(Number(oid), [...(large.get(Number(oid)) ?? []), name])
  return large
}
