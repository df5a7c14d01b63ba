/** What a column of a load file can be, DuckDB's types by what they hold. */
export type FileType =
  | {
      readonly kind:
        | 'int'
        | 'float'
        | 'double'
        | 'boolean'
        | 'date'
        | 'timestamp'
        | 'time'
        | 'text'
        | 'uuid'
        | 'blob'
        /** Text of a number: digits, `NaN`, `Infinity` or `-Infinity`. */
        | 'number'
    }
  | { readonly kind: 'decimal'; readonly precision: number; readonly scale: number }

/** A column of a load file: its source name, and the name that SQL calls it by, whatever its own is. */
export interface FileColumn {
  readonly name: string
  readonly type: FileType
  /** `c0`, `c1`, …: by place, so that no source name is ever in SQL. */
  readonly ref: string
  /** Whether DMS wrote it beside the row: its time of transfer, or its operation. */
  readonly isOwn: boolean
}

/** The columns that DMS puts in front of a table's own. */
export const TIME_COLUMN = 'DMS_TIMESTAMP'
export const OPERATION_COLUMN = 'Op'

/**
 * Entry of a file's footer with a `FileColumns` as JSON. Our replicator's files have it: names that differ only in case, or
 * are DMS's own, are then no doubt, and a number that is text in the file is a number.
 */
export const COLUMNS_ENTRY = 'tidemark.columns'

/** The columns of a table as its source has them; in the file they follow one of the writer's own. */
export interface FileColumns {
  readonly names: readonly string[]
  /** Places among `names` of columns whose numbers are text in the file. */
  readonly numbers: readonly number[]
}

const KINDS: Readonly<Record<string, Exclude<FileType['kind'], 'decimal'>>> = {
  TINYINT: 'int',
  SMALLINT: 'int',
  INTEGER: 'int',
  BIGINT: 'int',
  UTINYINT: 'int',
  USMALLINT: 'int',
  UINTEGER: 'int',
  UBIGINT: 'int',
  FLOAT: 'float',
  DOUBLE: 'double',
  BOOLEAN: 'boolean',
  DATE: 'date',
  TIMESTAMP: 'timestamp',
  'TIMESTAMP WITH TIME ZONE': 'timestamp',
  TIME: 'time',
  VARCHAR: 'text',
  JSON: 'text',
  UUID: 'uuid',
  BLOB: 'blob',
}

/** The kind of a column as DuckDB's DESCRIBE names its type; undefined for one that no full load has, such as a list. */
export function fileTypeOf(duckdbType: string): FileType | undefined {
  const [, precision, scale] = /^DECIMAL\((\d+),(\d+)\)$/.exec(duckdbType) ?? []
  if (precision !== undefined) return { kind: 'decimal', precision: Number(precision), scale: Number(scale) }
  const kind = KINDS[duckdbType]
  return kind === undefined ? undefined : { kind }
}
