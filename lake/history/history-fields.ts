import type { LakeColumn } from '../../core/contract/language/lake-columns.ts'
import { systemColumns } from '../../core/contract/language/lake-row.ts'
import type { ColumnType } from '../../core/contract/value/type.ts'
import type { ParquetField, ParquetType } from '../parquet/values/field.ts'

/** The Parquet schema of a history table. All contract columns are nullable there: a delete has only its key, a truncate not even that. */
export function historyFields(columns: readonly LakeColumn[]): readonly ParquetField[] {
  return [
    ...systemColumns.map(systemField),
    ...columns.map(({ name, type }) => ({ name, type: parquetType(type), nullable: true })),
  ]
}

/* The names in `_absent` are there: a list of a contract may have nulls in it. */
function systemField({ name, type, nullable }: (typeof systemColumns)[number]): ParquetField {
  const found = parquetType(type)
  if (found.kind !== 'list') return { name, type: found, nullable }
  return { name, type: { ...found, of: { ...found.of, nullable: false } }, nullable }
}

/** The Parquet type of a column. Text-like types are plain UTF-8: Athena reads no UUID, TIME or JSON annotation. */
export function parquetType(type: ColumnType): ParquetType {
  switch (type.kind) {
    case 'bigint':
      return { kind: 'int64' }
    case 'integer':
      return { kind: 'int32' }
    case 'smallint':
      return { kind: 'int32', logical: 'int16' }
    case 'double':
      return { kind: 'double' }
    case 'real':
      return { kind: 'float' }
    case 'boolean':
      return { kind: 'boolean' }
    case 'date':
      return { kind: 'int32', logical: 'date' }
    case 'timestamp':
      return { kind: 'int64', logical: 'timestamp-millis' }
    case 'timestampMicros':
      return { kind: 'int64', logical: 'timestamp-micros' }
    case 'decimal':
      return { kind: 'decimal', precision: type.precision, scale: type.scale }
    case 'binary':
      return { kind: 'binary' }
    case 'time':
    case 'uuid':
    case 'json':
    case 'enum':
    case 'string':
      return { kind: 'string' }
    case 'list':
      return { kind: 'list', of: { name: 'element', type: parquetType(type.of), nullable: true } }
    case 'struct': {
      /* All nullable, as columns are: engines differ in what they make of required members. */
      const fields = Object.entries(type.fields).map(([name, field]) => ({
        name,
        type: parquetType(field),
        nullable: true,
      }))
      return { kind: 'struct', fields }
    }
  }
}
