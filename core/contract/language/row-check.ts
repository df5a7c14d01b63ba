import type { ColumnType } from '../value/type.ts'
import type { Column, ColumnTraits, Order } from './column.ts'

/** How the two sides of a check across columns must stand to each other. */
export const comparisons = ['=', '!=', '<', '<=', '>', '>='] as const
export type Comparison = (typeof comparisons)[number]

/**
 * A condition on two columns of a row, or on a column and a literal. Rows that break it are quarantined; a null, or a
 * column that an update did not send, passes. Compared in the order of the type, exactly: `orderOf` says which.
 */
export interface RowCheck {
  /** What holds, for who reads a refusal: `ends after it starts`. */
  readonly name: string
  readonly left: string
  readonly is: Comparison
  /** The other column, or undefined where `value` is the other side. */
  readonly right?: string | undefined
  /** A literal as JSON, as `default` of a column is. */
  readonly value?: string | number | boolean | undefined
}

type Columns = Readonly<Record<string, Column>>
type OrderIn<K> = K extends Column<unknown, boolean, infer T extends ColumnTraits> ? T['order'] : never
type ValueIn<K> = K extends Column<infer T> ? T : never
type Ordered<C extends Columns> = {
  [N in keyof C]: OrderIn<C[N]> extends 'none' ? never : N
}[keyof C] &
  string

/** As an author writes it: both columns exist, and their types have one order. */
export type RowCheckSpec<C extends Columns> = {
  [L in Ordered<C>]: { readonly name: string; readonly left: L; readonly is: Comparison } & (
    | {
        readonly right: { [N in keyof C]: OrderIn<C[N]> extends OrderIn<C[L]> ? N : never }[keyof C] & string
        readonly value?: never
      }
    | { readonly value: ValueIn<C[L]>; readonly right?: never }
  )
}[Ordered<C>]

/** The order of a type: numbers that are exact, floats, days, and so on are compared with their like only. */
export function orderOf({ kind }: ColumnType): Order {
  return ORDERS[kind]
}

const ORDERS: Readonly<Record<ColumnType['kind'], Order>> = {
  bigint: 'exact',
  integer: 'exact',
  smallint: 'exact',
  decimal: 'exact',
  double: 'float',
  real: 'float',
  boolean: 'flag',
  date: 'day',
  timestamp: 'instant',
  timestampMicros: 'instant',
  time: 'time',
  string: 'text',
  enum: 'text',
  uuid: 'uuid',
  json: 'none',
  binary: 'none',
  list: 'none',
  struct: 'none',
}
