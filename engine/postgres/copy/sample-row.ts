import type { ClientBase } from 'pg'
import { isJsonObject, type JsonObject, parseJsonObject } from '../../../core/json.ts'
import type { SourceTable } from '../catalog/source-catalog.ts'
import { RecordRenderer } from '../records/record-renderer.ts'
import { startSequence } from '../records/record-sequence.ts'
import { layoutSourceTable } from '../records/table-layout.ts'
import { NULL, TEXT, TupleView } from '../records/tuple-view.ts'
import { rowsSelect } from './rows-select.ts'

/** One row of a table as a load record would send it, or undefined when the table is empty. */
export async function sampleRow(client: ClientBase, table: SourceTable): Promise<JsonObject | undefined> {
  /* PostgreSQL's own text of every value, as COPY gives it. */
  const types = { getTypeParser: () => (text: string) => text }
  const { rows } = await client.query<(string | null)[]>({
    text: `${rowsSelect(table)} LIMIT 1`,
    rowMode: 'array',
    types,
  })
  const [row] = rows
  if (row === undefined) return undefined
  const renderer = new RecordRenderer({ now: () => 0, sequence: startSequence(0) })
  const record = renderer.load(layoutSourceTable(table), viewOf(row))
  const { data } = parseJsonObject(record.data.toString('utf8'))
  return isJsonObject(data) ? data : undefined
}

function viewOf(row: readonly (string | null)[]): TupleView {
  const view = new TupleView()
  view.reset(Buffer.from(row.join('')), row.length)
  let at = 0
  for (const [column, text] of row.entries()) {
    const end = at + (text === null ? 0 : Buffer.byteLength(text))
    view.set(column, text === null ? NULL : TEXT, at, end)
    at = end
  }
  return view
}
