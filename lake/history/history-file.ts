import type { BlockHeader, CanonicalValue } from '../../core/block.ts'
import { lakeColumns } from '../../core/contract/language/lake-columns.ts'
import { systemColumns } from '../../core/contract/language/lake-row.ts'
import type { Table } from '../../core/contract/language/table.ts'
import { printTableVersion } from '../../core/contract/language/table-version.ts'
import type { HistoryFile, HistoryFiles } from '../../core/ports/ports.ts'
import type { ParquetValue } from '../parquet/values/field.ts'
import { parquetWriter } from '../parquet/writer.ts'
import { historyFields } from './history-fields.ts'
import { parquetValueOf } from './parquet-value.ts'

/** The reference encoder of history files: every row through `JSON.parse` into typed columns; no row is kept. */
export function historyFiles(tables: readonly Table[]): HistoryFiles {
  const byName = new Map(tables.map((table) => [printTableVersion(table), table]))
  return (name, version) => {
    const table = byName.get(printTableVersion({ name, version }))
    return table === undefined ? undefined : historyFile(table)
  }
}

function historyFile(table: Table): HistoryFile {
  const columns = lakeColumns(table)
  const parts: Uint8Array[] = []
  const writer = parquetWriter(historyFields(columns), (bytes) => parts.push(bytes), {
    metadata: { 'tidemark.table': table.name, 'tidemark.version': String(table.version) },
  })
  const builders = writer.columns.slice(systemColumns.length)
  const converters = columns.map(parquetValueOf)
  const commits: number[] = []
  const truncates: string[] = []

  return {
    add(header, rows) {
      const places = placesOf(header)
      const text = rows.toString('utf8')
      const width = systemColumns.length + header.columns.length
      let start = 0
      for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', start)) {
        addRow(rowOf(text.slice(start, end), width), places)
        start = end + 1
      }
      if (start < text.length) throw new SyntaxError('block: the last row is cut off')
    },
    finish() {
      const { rows, bytes } = writer.finish()
      return { rows, bytes, parts, commits, truncates }
    },
  }

  /* A block may be older than the contract: a column it lacks is null. */
  function placesOf(header: BlockHeader): readonly number[] {
    const at = new Map(header.columns.map((name, index) => [name, systemColumns.length + index]))
    return columns.map(({ contractColumn }) => at.get(contractColumn) ?? -1)
  }

  function addRow(row: readonly CanonicalValue[], places: readonly number[]): void {
    const [operation, position, , committedAt] = row
    for (let i = 0; i < systemColumns.length; i += 1) writer.columns[i]?.append(plain(row[i] ?? null))
    for (const [i, builder] of builders.entries()) {
      const value = row[places[i] ?? -1] ?? null
      builder.append(value === null ? null : (converters[i]?.(value) ?? null))
    }
    writer.endRow()
    if (typeof committedAt === 'number') commits.push(committedAt)
    if (operation === 'truncate' && typeof position === 'string') truncates.push(position)
  }
}

/* A row of another width would put values under the wrong columns, or lose some. */
function rowOf(line: string, width: number): readonly CanonicalValue[] {
  const row: unknown = JSON.parse(line)
  if (!Array.isArray(row) || row.length !== width)
    throw new SyntaxError(`block: a row has not ${width} values`)
  return row
}

/* The canonical forms of the system columns are those of their Parquet types. */
function plain(value: CanonicalValue): ParquetValue {
  return value
}
