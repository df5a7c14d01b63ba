import { isUtf8 } from 'node:buffer'
import type { BlockHeader } from '../../core/block.ts'
import { ArrayReader } from '../../core/bytes/array-reader.ts'
import { isAt, valueKind } from '../../core/bytes/value-reader.ts'
import { type LakeColumn, lakeColumns } from '../../core/contract/language/lake-columns.ts'
import { systemColumns } from '../../core/contract/language/lake-row.ts'
import type { Table } from '../../core/contract/language/table.ts'
import { printTableVersion } from '../../core/contract/language/table-version.ts'
import type { HistoryFile, HistoryFiles } from '../../core/ports/ports.ts'
import { parquetWriter } from '../parquet/writer.ts'
import { historyFields } from './history-fields.ts'
import { integerAt, valueAppender } from './row-appender.ts'

/** The encoder of history files: the bytes of each row into typed columns; no row is kept. Throws SyntaxError for a block that is none. */
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
  const appenders = [...systemColumns.map(systemColumn), ...columns].map((column, index) =>
    valueAppender(column, writer.columns[index]),
  )
  const row = new ArrayReader()
  const commits: number[] = []
  const truncates: string[] = []

  return {
    add(header, rows) {
      const places = placesOf(header)
      const width = systemColumns.length + header.columns.length
      if (!isUtf8(rows)) throw new SyntaxError('block: not UTF-8')
      for (let start = 0; start < rows.length; ) {
        const end = row.read(rows, start)
        if (end < 0 || rows[end] !== LINE_END) throw new SyntaxError('block: a row is cut off, or is none')
        /* A row of another width would put values under the wrong columns, or lose some. */
        if (row.count !== width) throw new SyntaxError(`block: a row has not ${width} values`)
        addRow(rows, places)
        start = end + 1
      }
    },
    finish() {
      const { rows, bytes } = writer.finish()
      return { rows, bytes, parts, commits, truncates }
    },
  }

  /* A block may be older than the contract: a column it lacks is null. */
  function placesOf(header: BlockHeader): readonly number[] {
    const at = new Map(header.columns.map((name, index) => [name, systemColumns.length + index]))
    return [
      ...systemColumns.map((_, index) => index),
      ...columns.map(({ contractColumn }) => at.get(contractColumn) ?? -1),
    ]
  }

  function addRow(bytes: Buffer, places: readonly number[]): void {
    for (let i = 0; i < appenders.length; i += 1) {
      const place = places[i] ?? -1
      if (place < 0 || row.kind(place) === valueKind.null) writer.columns[i]?.append(null)
      else appenders[i]?.(row, place, bytes)
    }
    writer.endRow()
    const committed = integerAt(row, COMMITTED, bytes, false)
    if (committed !== undefined) commits.push(committed)
    if (isAt(TRUNCATE, bytes, row.start(OPERATION)))
      truncates.push(bytes.toString('latin1', row.start(POSITION), row.end(POSITION)))
  }
}

const LINE_END = 0x0a
const [OPERATION, POSITION, COMMITTED] = [0, 1, 3]
const TRUNCATE = Buffer.from('truncate"')

/* The canonical forms of the system columns are those of their types. */
function systemColumn({ name, type }: (typeof systemColumns)[number]): LakeColumn {
  return { name, type, contractColumn: name, part: 'value' }
}
