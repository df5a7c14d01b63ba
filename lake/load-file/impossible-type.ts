import type { Column } from '../../core/contract/language/column.ts'
import type { ColumnType } from '../../core/contract/value/type.ts'
import type { FileType } from './file-column.ts'

type Kind = FileType['kind']

const NUMBERS: readonly Kind[] = ['int', 'decimal', 'float', 'double', 'number']
const CLOCKS: readonly Kind[] = ['boolean', 'date', 'timestamp', 'time']

/* Of a file type and a contract type, what has no value in common: as the stream writes it, the codec takes none. */
const IMPOSSIBLE: Readonly<Partial<Record<ColumnType['kind'], readonly Kind[]>>> = {
  bigint: CLOCKS,
  integer: CLOCKS,
  smallint: CLOCKS,
  decimal: CLOCKS,
  double: CLOCKS,
  real: CLOCKS,
  boolean: ['date', 'timestamp', 'time'],
  date: [...NUMBERS, 'boolean', 'timestamp', 'time'],
  timestamp: [...NUMBERS, 'boolean', 'date', 'time'],
  timestampMicros: [...NUMBERS, 'boolean', 'date', 'time'],
  time: [...NUMBERS, 'boolean', 'date', 'timestamp'],
  uuid: [...NUMBERS, ...CLOCKS],
  binary: [...NUMBERS, ...CLOCKS],
  list: [...NUMBERS, ...CLOCKS],
  struct: [...NUMBERS, ...CLOCKS],
}

/** Whether no value of a file column could be one of the contract's: the file is of another table, or of another time. */
export function isImpossible({ type, beyond }: Pick<Column, 'type' | 'beyond'>, { kind }: FileType): boolean {
  return beyond === undefined && (IMPOSSIBLE[type.kind]?.includes(kind) ?? false)
}
