import { booleanTexts } from '../../core/contract/value/canonical.ts'
import type { ColumnType } from '../../core/contract/value/type.ts'
import { literal } from '../sql/sql-text.ts'
import { decimalText } from './decimal-text.ts'
import { type FastValue, fastList } from './fast-list.ts'
import type { FileType } from './file-column.ts'
import { isJson } from './json-sql.ts'

/** The first and the last microsecond of the years 1 to 9999, UTC. */
const FIRST_MICROS = '-62135596800000000'
const LAST_MICROS = '253402300799999999'

/**
 * The value of a contract type out of the file column `ref`, as the row codec reads the same value from the stream;
 * undefined where no value is certain, which the codec then decides.
 */
export function fastValue(type: ColumnType, file: FileType, ref: string): FastValue | undefined {
  switch (type.kind) {
    case 'bigint':
    case 'integer':
    case 'smallint':
      return integer(SQL_INTEGERS[type.kind], file, ref)
    case 'decimal':
      return decimal(type, file, ref)
    case 'double':
      if (file.kind === 'double') return float(ref)
      return file.kind === 'int' ? exactFloat('DOUBLE', 2n ** 53n, ref) : undefined
    case 'real':
      if (file.kind === 'float') return float(ref)
      return file.kind === 'int' ? exactFloat('FLOAT', 2n ** 24n, ref) : undefined
    case 'boolean':
      if (file.kind === 'boolean') return { sql: ref, certain: [] }
      return file.kind === 'text' ? flag(ref) : undefined
    case 'date':
      return day(file, ref)
    case 'timestamp': {
      const micros = instant(file, ref)
      return micros && { ...micros, sql: flooredToMillis(micros.sql) }
    }
    case 'timestampMicros':
      return instant(file, ref)
    case 'time':
      return timeOfDay(file, ref)
    case 'uuid':
      if (file.kind === 'uuid') return { sql: `CAST(${ref} AS VARCHAR)`, certain: [] }
      /* There and back: only the canonical text of a UUID comes out as it went in. */
      return file.kind === 'text'
        ? { sql: ref, certain: [`CAST(TRY_CAST(${ref} AS UUID) AS VARCHAR) = ${ref}`] }
        : undefined
    case 'enum':
      if (file.kind !== 'text') return undefined
      return {
        sql: ref,
        certain: type.unknown === 'keep' ? [] : [`${ref} IN (${type.values.map(literal).join(', ')})`],
      }
    case 'json':
      return file.kind === 'text' ? { sql: ref, certain: [isJson(ref)] } : undefined
    case 'binary':
      if (file.kind === 'blob') return { sql: ref, certain: [] }
      return file.kind === 'text'
        ? { sql: `unhex(${ifMatches(ref, HEX)})`, certain: [matches(ref, HEX)] }
        : undefined
    case 'string':
      return text(type.max, file, ref)
    case 'list':
      return file.kind === 'text' ? fastList(type.of, ref) : undefined
    case 'struct':
      return undefined
  }
}

const SQL_INTEGERS = { bigint: 'BIGINT', integer: 'INTEGER', smallint: 'SMALLINT' } as const
const INTEGER = '-?(0|[1-9][0-9]{0,17})'
const DAY = '[0-9]{4}-[0-9]{2}-[0-9]{2}'
const CLOCK = '([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]'
const HEX = '([0-9a-f]{2})*'

/** Whether a whole text matches. */
function matches(ref: string, pattern: string): string {
  return `regexp_full_match(${ref}, ${literal(pattern)})`
}

/* For functions that fail on other text and have no TRY of their own. */
function ifMatches(ref: string, pattern: string): string {
  return `CASE WHEN ${matches(ref, pattern)} THEN ${ref} END`
}

function flag(ref: string): FastValue {
  const isAmong = (texts: readonly string[]) => `${ref} IN (${texts.map(literal).join(', ')})`
  return {
    sql: `(${isAmong(booleanTexts.true)})`,
    certain: [isAmong([...booleanTexts.true, ...booleanTexts.false])],
  }
}

function integer(sqlType: string, file: FileType, ref: string): FastValue | undefined {
  const sql = `TRY_CAST(${ref} AS ${sqlType})`
  /* A cast from a decimal rounds; without decimals there is nothing to round. */
  if (file.kind === 'int' || (file.kind === 'decimal' && file.scale === 0))
    return { sql, certain: [`${sql} IS NOT NULL`] }
  return isDigits(file) ? { sql, certain: [matches(ref, INTEGER), `${sql} IS NOT NULL`] } : undefined
}

function decimal(
  { precision, scale }: { readonly precision: number; readonly scale: number },
  file: FileType,
  ref: string,
): FastValue | undefined {
  const sql = `TRY_CAST(${ref} AS DECIMAL(${precision},${scale}))`
  if (file.kind === 'int' || (file.kind === 'decimal' && file.scale <= scale))
    return { sql, certain: [`${sql} IS NOT NULL`] }
  /* What was rounded does not come back. */
  if (file.kind === 'decimal')
    return { sql, certain: [`TRY_CAST(${sql} AS DECIMAL(${file.precision},${file.scale})) = ${ref}`] }
  if (!isDigits(file)) return undefined
  const whole = precision === scale ? '0' : `(0|[1-9][0-9]{0,${precision - scale - 1}})`
  const fraction = scale === 0 ? '' : `([.][0-9]{1,${scale}})?`
  return { sql, certain: [matches(ref, `-?${whole}${fraction}`), `${sql} IS NOT NULL`] }
}

/* Text that may be digits. */
function isDigits({ kind }: FileType): boolean {
  return kind === 'text' || kind === 'number'
}

/* DuckDB's Parquet dictionaries have one entry for 0 and -0: the sign survives only in our own writer. */
function float(ref: string): FastValue {
  return { sql: ref, certain: [`NOT (${ref} = 0 AND signbit(${ref}))`] }
}

/* Integers up to this size have floats of their own. */
function exactFloat(sqlType: string, limit: bigint, ref: string): FastValue {
  return { sql: `TRY_CAST(${ref} AS ${sqlType})`, certain: [`${ref} BETWEEN -${limit} AND ${limit}`] }
}

function day(file: FileType, ref: string): FastValue | undefined {
  const isInYears = (sql: string) => `${sql} BETWEEN DATE '0001-01-01' AND DATE '9999-12-31'`
  if (file.kind === 'date') return { sql: ref, certain: [isInYears(ref)] }
  if (file.kind !== 'text') return undefined
  const sql = `TRY_CAST(${ref} AS DATE)`
  return { sql, certain: [matches(ref, DAY), isInYears(sql)] }
}

/* Microseconds; infinities have none. A naive timestamp counts as UTC, as DMS has it in the stream. */
function instant(file: FileType, ref: string): FastValue | undefined {
  const isInYears = (sql: string) => `${sql} BETWEEN ${FIRST_MICROS} AND ${LAST_MICROS}`
  if (file.kind === 'timestamp') return { sql: `epoch_us(${ref})`, certain: [isInYears(`epoch_us(${ref})`)] }
  if (file.kind !== 'text') return undefined
  const sql = `epoch_us(TRY_CAST(${ref} AS TIMESTAMPTZ))`
  return { sql, certain: [matches(ref, `${DAY}[T ]${CLOCK}([.][0-9]{1,6})?Z`), isInYears(sql)] }
}

/** Microseconds cut to whole milliseconds, towards the past, as `toMillis` cuts them. */
export function flooredToMillis(micros: string): string {
  return `(${micros} - ((${micros} % 1000) + 1000) % 1000)`
}

function timeOfDay(file: FileType, ref: string): FastValue | undefined {
  if (file.kind !== 'time' && file.kind !== 'text') return undefined
  const sql = file.kind === 'time' ? `CAST(${ref} AS VARCHAR)` : ref
  return { sql, certain: [matches(sql, `${CLOCK}([.][0-9]{0,5}[1-9])?`)] }
}

function text(max: number | undefined, file: FileType, ref: string): FastValue | undefined {
  const sql = textOfFile(file, ref)
  if (sql === undefined) return undefined
  const fits = max === undefined ? [] : [`length(${sql}) <= ${max}`]
  const isDay = file.kind === 'date' ? (day(file, ref)?.certain ?? []) : []
  return { sql, certain: [...isDay, ...fits] }
}

/* What the stream sends as text, or as digits, which a text column keeps. */
function textOfFile(file: FileType, ref: string): string | undefined {
  if (isDigits(file)) return ref
  if (file.kind === 'decimal') return decimalText(file, ref)
  return ['int', 'date', 'uuid'].includes(file.kind) ? `CAST(${ref} AS VARCHAR)` : undefined
}
