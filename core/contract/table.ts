import { PipelineError } from '../failures.ts'
import { checkTable } from './check-table.ts'
import type { Column } from './column.ts'

export type Columns = Readonly<Record<string, Column>>

/** What happens to source fields that the contract does not name: into `_extra`, the row refused, or left out. */
export type UnknownFields = 'keep' | 'quarantine' | 'drop'

/** How base is laid out: by day or month of a date or timestamp column. */
export type Granularity = 'day' | 'month'

/** One version of one lake table, as the pipeline sees it. */
export interface Table {
  /** Lake name, `domain.table`. */
  readonly name: string
  readonly version: number
  readonly owner: string
  readonly description: string
  readonly source: { readonly system: string; readonly table: string }
  readonly primaryKey: readonly string[]
  readonly partitionBy: Readonly<Record<string, Granularity>>
  readonly unknownFields: UnknownFields
  readonly columns: Columns
}

type NotNull<C extends Columns> = {
  [N in keyof C]: C[N] extends Column<unknown, false> ? N : never
}[keyof C] &
  string

type Dated<C extends Columns> = NotNull<C>

/** What an author writes: keys and partitions accept only columns that are never null. */
export interface TableSpec<C extends Columns> {
  readonly name: `${string}.${string}`
  readonly version: number
  readonly owner: string
  readonly description: string
  readonly source: { readonly system: string; readonly table: `${string}.${string}` }
  readonly primaryKey: readonly [NotNull<C>, ...NotNull<C>[]]
  readonly partitionBy?: { readonly [N in Dated<C>]?: Granularity }
  readonly unknownFields: UnknownFields
  readonly columns: C
}

/** A table and, for `Row`, the types of its columns. */
export interface TypedTable<C extends Columns> extends Table {
  readonly columns: C
}

/** Checks a contract and makes it a table. Throws `contract/invalid` that lists every fault. */
export function table<const C extends Columns>(spec: TableSpec<C>): TypedTable<C> {
  const partitionBy = Object.fromEntries(
    Object.entries<Granularity | undefined>(spec.partitionBy ?? {}).flatMap(([name, grain]) =>
      grain ? [[name, grain]] : [],
    ),
  )
  const made = { ...spec, partitionBy }
  const faults = checkTable(made)
  if (faults.length > 0)
    throw new PipelineError('contract/invalid', `${spec.name} v${spec.version}: ${faults.join('; ')}`)
  return made
}

type Value<K> = K extends Column<infer T, infer N> ? (N extends true ? T | null : T) : never

/** The row of a table in TypeScript, before masking: `Row<typeof shiftsV1>`. */
export type Row<T extends Table> = { readonly [N in keyof T['columns']]: Value<T['columns'][N]> }
