import type { Column, ColumnTraits } from './column.ts'
import type { RowCheck, RowCheckSpec } from './row-check.ts'

export type Columns = Readonly<Record<string, Column>>

/** What happens to source fields that the contract does not name: into `_extra`, the row refused, or left out. */
export type UnknownFields = 'keep' | 'quarantine' | 'drop'

/** How base is laid out by a column: by day or month of a date or timestamp, or by a hash into so many buckets. */
export type Granularity = 'day' | 'month'
export type PartitionRule = Granularity | { readonly bucket: number }

/** One version of one lake table, as the pipeline sees it. */
export interface Table {
  /** Lake name, `domain.table`. */
  readonly name: string
  readonly version: number
  readonly owner: string
  readonly description: string
  readonly source: { readonly system: string; readonly table: string }
  readonly primaryKey: readonly string[]
  readonly partitionBy: Readonly<Record<string, PartitionRule>>
  readonly unknownFields: UnknownFields
  /** Conditions across columns; left out where there are none. */
  readonly checks?: readonly RowCheck[] | undefined
  readonly columns: Columns
}

type NotNull<C extends Columns> = {
  [N in keyof C]: C[N] extends Column<unknown, false> ? N : never
}[keyof C] &
  string

/** What the compiler lets a column partition by: its clear values only, days of what has days. */
type RuleFor<K> =
  K extends Column<unknown, false, infer T extends ColumnTraits>
    ? T['clear'] extends true
      ? { readonly bucket: number } | (T['order'] extends 'day' | 'instant' ? Granularity : never)
      : never
    : never

/** What an author writes: keys and partitions accept only columns that are never null. */
export interface TableSpec<C extends Columns> {
  readonly name: `${string}.${string}`
  readonly version: number
  readonly owner: string
  readonly description: string
  readonly source: { readonly system: string; readonly table: `${string}.${string}` }
  readonly primaryKey: readonly [NotNull<C>, ...NotNull<C>[]]
  readonly partitionBy?: { readonly [N in NotNull<C>]?: RuleFor<C[N]> }
  readonly unknownFields: UnknownFields
  readonly checks?: readonly RowCheckSpec<C>[] | undefined
  readonly columns: C
}

/** A table and, for `Row`, the types of its columns. */
export interface TypedTable<C extends Columns> extends Table {
  readonly columns: C
}

type Value<K> = K extends Column<infer T, infer N> ? (N extends true ? T | null : T) : never

/** The row of a table in TypeScript, before masking: `Row<typeof shiftsV1>`. */
export type Row<T extends Table> = { readonly [N in keyof T['columns']]: Value<T['columns'][N]> }
