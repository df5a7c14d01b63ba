import type { ByteWriter } from '../../../core/bytes/byte-writer.ts'
import type { TableLayout } from './table-layout.ts'
import { TEXT, type TupleView } from './tuple-view.ts'

const COMMA = 0x2c

/** Writes the key of a row as the members of an image, `"id":1,"day":"2026-01-01"`; of what is not sent, the old row's. */
export function writeKey(out: ByteWriter, layout: TableLayout, row: TupleView, old?: TupleView): void {
  let isFirst = true
  for (const index of layout.keyColumns) {
    const column = layout.columns[index]
    const from = row.kind(index) === TEXT ? row : old
    if (column === undefined || from?.kind(index) !== TEXT) continue
    if (!isFirst) out.byte(COMMA)
    isFirst = false
    out.bytes(column.label)
    column.render(out, from.bytes, from.start(index), from.end(index))
  }
}
