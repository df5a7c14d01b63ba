import type * as z from 'zod'
import { defaultTreatment, type PiiClass, type Treatment } from '../masking/pii.ts'
import type { StructValue, ValueOf } from '../value/row-value.ts'
import type { ColumnType, StructFields } from '../value/type.ts'
import type {
  AnyOptions,
  BoundOptions,
  ColumnOptions,
  DefaultOptions,
  IsClear,
  OutOfRangeOptions,
  OutOfRangePolicy,
  Without,
} from './column-options.ts'

/** Values of one order can be compared with each other: `exact` numbers, `float`s, and so on; `none` has no order. */
export type Order = 'exact' | 'float' | 'day' | 'instant' | 'time' | 'text' | 'uuid' | 'flag' | 'none'

/** What the compiler knows of a column beyond its value. */
export interface ColumnTraits {
  readonly order: Order
  /** Whether the lake has the value itself. */
  readonly clear: boolean
}

/** One column of a contract: plain data. `T` is the value a reader of the lake sees, before masking. */
export interface Column<
  T = unknown,
  Nullable extends boolean = boolean,
  Traits extends ColumnTraits = ColumnTraits,
> {
  readonly type: ColumnType
  readonly description: string
  readonly nullable: Nullable
  /** Name of the source column; the column's own name when left out. */
  readonly from?: string | undefined
  readonly pii?: PiiClass | undefined
  readonly treatment: Treatment
  readonly min?: number | undefined
  readonly max?: number | undefined
  /** What becomes of a value that the type or the bounds do not hold; left out, the row is quarantined. */
  readonly beyond?: Exclude<OutOfRangePolicy, 'quarantine'> | undefined
  /** Stands in for a field that a load or an insert does not have; as JSON, 64-bit integers as text. */
  readonly default?: string | number | boolean | undefined
  /** A further condition on the value, in its `Row` type. */
  readonly check?: z.ZodType | undefined
  /** Carry types to the compiler; never set. */
  readonly row?: T
  readonly traits?: Traits
}

type Built<T, O extends AnyOptions, R extends Order> = Column<
  O extends { readonly beyond: 'text' } ? string : T,
  O['nullable'] extends true ? true : false,
  { readonly order: O extends { readonly beyond: 'text' } ? 'none' : R; readonly clear: IsClear<O> }
>

function build<T, O extends AnyOptions, R extends Order>(
  type: ColumnType,
  description: string,
  options?: O,
): Built<T, O, R> {
  const { nullable = false, from, pii, treatment, min, max, beyond, check } = options ?? ({} as O)
  const column = {
    type,
    description,
    nullable,
    from,
    pii,
    treatment: treatment ?? (pii === undefined ? 'clear' : defaultTreatment[pii]),
    min,
    max,
    beyond: beyond === 'quarantine' ? undefined : beyond,
    default: literalOf(options?.default),
    check,
  }
  /* `nullable` is the literal of the options: the compiler cannot follow it through the default. */
  return column as unknown as Built<T, O, R>
}

/** A value of a `Row` as JSON, which contracts are everywhere but in their own file: 64-bit integers as text, bytes as hex. */
export function literalOf(value: unknown): string | number | boolean | undefined {
  if (typeof value === 'number')
    return Object.is(value, -0) ? '-0' : Number.isFinite(value) ? value : String(value)
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex')
  return typeof value === 'boolean' || value === undefined ? value : String(value)
}

/* Left out, the options are their constraint, none of which is there for sure. */
type Described<T, R extends Order, Options extends AnyOptions> = <const O extends Options>(
  description: string,
  options?: O,
) => Built<T, O, R>

type Bounded<T> = DefaultOptions<T> & BoundOptions & OutOfRangeOptions<'null' | 'clamp' | 'text'>
type Ranged<T> = DefaultOptions<T> & Without<'min' | 'max'> & OutOfRangeOptions<'null' | 'clamp' | 'text'>
type Worded<T> = DefaultOptions<T> & Without<'min' | 'max'> & OutOfRangeOptions<'text'>
type Plain<T> = DefaultOptions<T> & Without<'min' | 'max' | 'beyond'>
type Nested = ColumnOptions & Without<'min' | 'max' | 'beyond' | 'default'>

/* Each builder takes the options of its signature: what they are has no part in how a column is made. */
const plain =
  <T, R extends Order, Options extends AnyOptions>(type: ColumnType): Described<T, R, Options> =>
  (description, options) =>
    build(type, description, options)

/** The column types of the contract language. The description comes first, so that there is no way around it. */
export const col = {
  /** 64-bit integer, exact. */
  bigint: plain<bigint, 'exact', Ranged<bigint>>({ kind: 'bigint' }),
  /** 32-bit integer. */
  integer: plain<number, 'exact', Bounded<number>>({ kind: 'integer' }),
  /** 16-bit integer. */
  smallint: plain<number, 'exact', Bounded<number>>({ kind: 'smallint' }),
  /** IEEE double; never for money. */
  double: plain<number, 'float', Bounded<number>>({ kind: 'double' }),
  /** IEEE single, PostgreSQL's `real`. */
  real: plain<number, 'float', Bounded<number>>({ kind: 'real' }),
  boolean: plain<boolean, 'flag', Worded<boolean>>({ kind: 'boolean' }),
  /** Calendar day, years 1 to 9999. */
  date: plain<string, 'day', Ranged<string>>({ kind: 'date' }),
  /** Instant in UTC; microseconds are cut to milliseconds, which is what Athena reads. */
  timestamp: plain<string, 'instant', Ranged<string>>({ kind: 'timestamp' }),
  /** Instant in UTC, exact: milliseconds in the column, and `<name>_micros` beside it as a bigint. */
  timestampMicros: plain<string, 'instant', Ranged<string>>({ kind: 'timestampMicros' }),
  /** Time of day as text, `HH:MM:SS[.ffffff]`. */
  time: plain<string, 'time', Worded<string>>({ kind: 'time' }),
  uuid: plain<string, 'uuid', Worded<string>>({ kind: 'uuid' }),
  /** JSON text, as the source wrote it. */
  json: plain<string, 'none', Plain<string>>({ kind: 'json' }),
  binary: plain<Uint8Array, 'none', Worded<Uint8Array>>({ kind: 'binary' }),
  /** Text of any length. */
  string: plain<string, 'text', Plain<string>>({ kind: 'string' }),
  /** Text of at most `max` characters; `beyond: 'text'` keeps what is longer. */
  varchar: <
    const O extends DefaultOptions<string> &
      Without<'min' | 'max'> &
      OutOfRangeOptions<'null' | 'text'> = Record<never, never>,
  >(
    max: number,
    description: string,
    options?: O,
  ) => build<string, O, 'text'>({ kind: 'string', max }, description, options),
  /** Exact decimal of `precision` digits, `scale` of them after the point; 38 digits at most. */
  decimal: <const O extends Bounded<string> = Record<never, never>>(
    precision: number,
    scale: number,
    description: string,
    options?: O,
  ) => build<string, O, 'exact'>({ kind: 'decimal', precision, scale }, description, options),
  /** One of `values`; `unknown: 'keep'` lets other text into the lake as it is. */
  enum: <
    const V extends readonly string[],
    const O extends Plain<V[number]> & { readonly unknown?: 'quarantine' | 'keep' } = Record<never, never>,
  >(
    values: V,
    description: string,
    options?: O,
  ) => {
    const type: ColumnType =
      options?.unknown === 'keep' ? { kind: 'enum', values, unknown: 'keep' } : { kind: 'enum', values }
    type Value = O extends { readonly unknown: 'keep' } ? string : V[number]
    return build<Value, O, 'text'>(type, description, options)
  },
  /** PostgreSQL array of one dimension, or jsonb array; its elements may be null. */
  list: <const E extends ColumnType, const O extends Nested = Record<never, never>>(
    of: E,
    description: string,
    options?: O,
  ) => build<readonly (ValueOf<E> | null)[], O, 'none'>({ kind: 'list', of }, description, options),
  /** jsonb object with these fields; other members refuse the row, unless `unknown: 'drop'` leaves them out. */
  struct: <
    const F extends StructFields,
    const O extends Nested & { readonly unknown?: 'quarantine' | 'drop' } = Record<never, never>,
  >(
    fields: F,
    description: string,
    options?: O,
  ) => {
    const type: ColumnType =
      options?.unknown === 'drop' ? { kind: 'struct', fields, unknown: 'drop' } : { kind: 'struct', fields }
    return build<StructValue<F>, O, 'none'>(type, description, options)
  },
}
