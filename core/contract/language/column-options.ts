import type * as z from 'zod'
import type { PiiClass, Treatment } from '../masking/pii.ts'

export interface ColumnOptions {
  /** May the source hold null here? Left out means never. */
  readonly nullable?: boolean
  readonly from?: string
  readonly pii?: PiiClass
  /** Left out: the usual treatment of the class (see `defaultTreatment`). */
  readonly treatment?: Treatment
  readonly check?: z.ZodType
}

export interface DefaultOptions<T> extends ColumnOptions {
  /** Used for a field that a load or an insert does not have at all; null stays null. */
  readonly default?: T
}

/** Inclusive bounds; what becomes of a value outside says `beyond`. */
export interface BoundOptions {
  readonly min?: number
  readonly max?: number
}

/**
 * What becomes of a value that its column cannot hold:
 * - `quarantine`: the row waits, whole, for someone to decide; - `null`: a value of the column's kind is null instead;
 * - `clamp`: what is too great or too small is the last value that fits, infinities and years before 1 or after 9999
 *   too; - `text`: the column is text for all rows, and the source's own text where there is no canonical one.
 * A value of another kind, such as a word in a number, is quarantined under `null` and `clamp`.
 */
export type OutOfRangePolicy = 'quarantine' | 'null' | 'clamp' | 'text'

/** Null needs a column that may be null. */
export type OutOfRangeOptions<B extends OutOfRangePolicy> =
  | { readonly beyond?: Exclude<B, 'null'> | 'quarantine' }
  | ('null' extends B ? { readonly beyond: 'null'; readonly nullable: true } : never)

/** Options that a builder does not have: without them an object literal could carry any. */
export type Without<N extends 'min' | 'max' | 'beyond' | 'default'> = { readonly [K in N]?: never }

/** Every option of every builder. */
export interface AnyOptions extends ColumnOptions, BoundOptions {
  readonly beyond?: OutOfRangePolicy
  readonly default?: unknown
  readonly unknown?: 'quarantine' | 'keep' | 'drop'
}

/** Whether the lake has the value itself: personal data is altered unless the contract says `clear`. */
export type IsClear<O> = O extends { readonly treatment: 'clear' }
  ? true
  : O extends { readonly pii: PiiClass }
    ? false
    : true
