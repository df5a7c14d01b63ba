import type * as z from 'zod'
import { defaultTreatment, type PiiClass, type Treatment } from './pii.ts'
import type { ColumnType } from './type.ts'

/** One column of a contract: plain data. `T` is the value a reader of the lake sees, before masking. */
export interface Column<T = unknown, Nullable extends boolean = boolean> {
  readonly type: ColumnType
  readonly description: string
  readonly nullable: Nullable
  /** Name of the source column; the column's own name when left out. */
  readonly from?: string | undefined
  readonly pii?: PiiClass | undefined
  readonly treatment: Treatment
  readonly min?: number | undefined
  readonly max?: number | undefined
  /** A further condition on the value, in its `Row` type. */
  readonly check?: z.ZodType | undefined
  /** Carries `T` to `Row`; never set. */
  readonly row?: T
}

export interface ColumnOptions<Nullable extends boolean = boolean> {
  /** May the source hold null here? Left out means never. */
  readonly nullable?: Nullable
  readonly from?: string
  readonly pii?: PiiClass
  /** Left out: the usual treatment of the class (see `defaultTreatment`). */
  readonly treatment?: Treatment
  readonly check?: z.ZodType
}

/** Inclusive bounds; a value outside is quarantined. */
export interface Bounds {
  readonly min?: number
  readonly max?: number
}

type Built<T, O extends ColumnOptions> = Column<T, O['nullable'] extends true ? true : false>

function build<T, O extends ColumnOptions & Bounds>(
  type: ColumnType,
  description: string,
  options?: O,
): Built<T, O> {
  const { nullable = false, from, pii, treatment, min, max, check } = options ?? ({} as O)
  const chosen = treatment ?? (pii === undefined ? 'clear' : defaultTreatment[pii])
  const column = { type, description, nullable, from, pii, treatment: chosen, min, max, check }
  /* `nullable` is the literal of the options: the compiler cannot follow it through the default. */
  return column as unknown as Built<T, O>
}

const plain =
  <T>(type: ColumnType) =>
  <const O extends ColumnOptions = Record<never, never>>(description: string, options?: O): Built<T, O> =>
    build<T, O>(type, description, options)

const bounded =
  <T>(type: ColumnType) =>
  <const O extends ColumnOptions & Bounds = Record<never, never>>(
    description: string,
    options?: O,
  ): Built<T, O> =>
    build<T, O>(type, description, options)

/** The column types of the contract language. The description comes first, so that there is no way around it. */
export const col = {
  /** 64-bit integer, exact. */
  bigint: plain<bigint>({ kind: 'bigint' }),
  /** 32-bit integer. */
  integer: bounded<number>({ kind: 'integer' }),
  /** 16-bit integer. */
  smallint: bounded<number>({ kind: 'smallint' }),
  /** IEEE double; never for money. */
  double: bounded<number>({ kind: 'double' }),
  /** IEEE single, PostgreSQL's `real`. */
  real: bounded<number>({ kind: 'real' }),
  boolean: plain<boolean>({ kind: 'boolean' }),
  /** Calendar day, years 1 to 9999. */
  date: plain<string>({ kind: 'date' }),
  /** Instant in UTC; microseconds are cut to milliseconds, which is what Athena reads. */
  timestamp: plain<string>({ kind: 'timestamp' }),
  /** Instant in UTC, exact: milliseconds in the column, and `<name>_micros` beside it as a bigint. */
  timestampMicros: plain<string>({ kind: 'timestampMicros' }),
  /** Time of day as text, `HH:MM:SS[.ffffff]`. */
  time: plain<string>({ kind: 'time' }),
  uuid: plain<string>({ kind: 'uuid' }),
  /** JSON text, as the source wrote it. */
  json: plain<string>({ kind: 'json' }),
  binary: plain<Uint8Array>({ kind: 'binary' }),
  /** Text of any length. */
  string: plain<string>({ kind: 'string' }),
  /** Text of at most `max` characters. */
  varchar: <const O extends ColumnOptions = Record<never, never>>(
    max: number,
    description: string,
    options?: O,
  ) => build<string, O>({ kind: 'string', max }, description, options),
  /** Exact decimal of `precision` digits, `scale` of them after the point; 38 digits at most. */
  decimal: <const O extends ColumnOptions & Bounds = Record<never, never>>(
    precision: number,
    scale: number,
    description: string,
    options?: O,
  ) => build<string, O>({ kind: 'decimal', precision, scale }, description, options),
  enum: <const V extends readonly string[], const O extends ColumnOptions = Record<never, never>>(
    values: V,
    description: string,
    options?: O,
  ) => build<V[number], O>({ kind: 'enum', values }, description, options),
  /** One-dimensional array; its elements may be null. */
  list: <const O extends ColumnOptions = Record<never, never>>(
    of: ColumnType,
    description: string,
    options?: O,
  ) => build<readonly unknown[], O>({ kind: 'list', of }, description, options),
}
