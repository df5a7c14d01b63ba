import type { UnknownFields } from '../../core/contract/language/table.ts'
import { stringifyJson } from '../../core/json.ts'
import { literal } from '../sql/sql-text.ts'
import { decimalText } from './decimal-text.ts'
import type { FileColumn } from './file-column.ts'

/** `_extra` in SQL, and where it is certain. */
export interface ExtraSql {
  readonly value: string
  readonly certain: readonly string[]
}

/**
 * The file's columns that the contract does not name. Where the contract keeps them, rows that have none of them, and
 * rows whose values are numbers that DuckDB writes as the stream does, are certain.
 */
export function extraSql(policy: UnknownFields, unknown: readonly FileColumn[]): ExtraSql {
  if (policy === 'drop' || unknown.length === 0) return { value: 'NULL', certain: [] }
  if (policy === 'quarantine') return { value: 'NULL', certain: ['false'] }
  const byName = new Map(unknown.map((column) => [column.name, column]))
  /* As the codec lists them: names like 1 and 2 come first in an object, in their own order. */
  const names = Object.keys(Object.fromEntries(byName))
  const members = names.flatMap((name) => {
    const column = byName.get(name)
    return column === undefined ? [] : [{ name: stringifyJson(name), ...memberSql(column) }]
  })
  const texts = members.map(
    ({ name, value }, index) => `${literal(`${index === 0 ? '{' : ','}${name}:`)} || ${value}`,
  )
  return { value: `(${texts.join(' || ')} || '}')`, certain: members.flatMap(({ certain }) => certain) }
}

function memberSql({ type, ref }: FileColumn): {
  readonly value: string
  readonly certain: readonly string[]
} {
  if (type.kind === 'decimal') return { value: `coalesce(${decimalText(type, ref)}, 'null')`, certain: [] }
  if (type.kind === 'int' || type.kind === 'boolean')
    return { value: `coalesce(CAST(${ref} AS VARCHAR), 'null')`, certain: [] }
  if (type.kind === 'number')
    return {
      value: `coalesce(CASE WHEN suffix(${ref}, 'N') OR suffix(${ref}, 'y') THEN '"' || ${ref} || '"' ELSE ${ref} END, 'null')`,
      certain: [],
    }
  if (type.kind !== 'text') return { value: `'null'`, certain: [`${ref} IS NULL`] }
  /* Text that JSON writes as it is. */
  const isPlain = `regexp_full_match(${ref}, '[ !#-\\[\\]-~]*')`
  return {
    value: `coalesce('"' || ${ref} || '"', 'null')`,
    certain: [`(${ref} IS NULL OR ${isPlain})`],
  }
}
