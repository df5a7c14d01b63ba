import type { Table } from '../../../core/contract/language/table.ts'
import type { ComparedColumn } from './source-columns.ts'
import type { SourceType } from './source-layout.ts'

/**
 * The text that PostgreSQL would print of a value, made of its comparison text; undefined where that cannot be told: the
 * value is masked, or a rule of the contract may have altered it.
 */
export function sourceForm(
  text: string | null,
  { lake }: ComparedColumn,
  table: Table,
  source: SourceType,
): string | undefined {
  const column = table.columns[lake.contractColumn]
  if (text === null || column === undefined || column.beyond !== undefined) return undefined
  if (column.pii !== undefined && column.treatment !== 'clear') return undefined
  switch (lake.part === 'value' ? column.type.kind : 'timestamp') {
    case 'boolean':
      return text === 'true' ? 't' : 'f'
    case 'binary':
      return `\\x${text}`
    case 'timestamp':
    case 'timestampMicros':
      return source.name === 'timestamptz' ? `${text}+00` : text
    case 'double':
    case 'real':
      return floatDigits(Buffer.from(text, 'hex').readDoubleBE())
    case 'list':
    case 'struct':
      return undefined
    default:
      return source.name === 'bytea' ? `\\x${text}` : text
  }
}

function floatDigits(value: number): string {
  return Object.is(value, -0) ? '-0' : String(value)
}
