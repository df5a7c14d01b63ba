import { PipelineError } from '../../../core/failures/failures.ts'
import { NULL, TEXT, TupleView } from '../records/tuple-view.ts'

const TAB = 0x09
const NEWLINE = 0x0a
const BACKSLASH = 0x5c

/* What a backslash and a letter stand for; any other character stands for itself. */
const UNESCAPED = new Uint8Array(256).map((_, code) => code)
for (const [letter, code] of [
  ['b', 0x08],
  ['f', 0x0c],
  ['n', NEWLINE],
  ['r', 0x0d],
  ['t', TAB],
  ['v', 0x0b],
] as const)
  UNESCAPED[letter.charCodeAt(0)] = code

/**
 * Cuts COPY's text format into rows. Holds at most one unfinished row. Unescapes inside the chunks
 * it is given: they belong to the reader from then on.
 */
export class CopyReader {
  private readonly columns: number
  private readonly row = new TupleView()
  private carry: Buffer[] = []

  constructor(columns: number) {
    this.columns = columns
  }

  /** Calls `each` for every row that `chunk` completes; the view is valid during the call only. */
  push(chunk: Buffer, each: (row: TupleView) => void): void {
    let end = chunk.indexOf(NEWLINE)
    if (end < 0) {
      if (chunk.length > 0) this.carry.push(chunk)
      return
    }
    let start = 0
    if (this.carry.length > 0) {
      /* Only the row across the border is copied. */
      const row = Buffer.concat([...this.carry, chunk.subarray(0, end)])
      this.carry = []
      each(this.split(row, 0, row.length))
      start = end + 1
      end = chunk.indexOf(NEWLINE, start)
    }
    while (end >= 0) {
      each(this.split(chunk, start, end))
      start = end + 1
      end = chunk.indexOf(NEWLINE, start)
    }
    if (start < chunk.length) this.carry.push(chunk.subarray(start))
  }

  /** Throws source/protocol when the data stopped inside a row. */
  end(): void {
    if (this.carry.length > 0) throw new PipelineError('source/protocol', 'COPY ended inside a row')
  }

  private split(bytes: Buffer, from: number, to: number): TupleView {
    const { row, columns } = this
    row.reset(bytes, columns)
    if (columns === 0) return row
    let column = 0
    let start = from
    /* The write position trails the read position once something was unescaped. */
    let write = from
    let isNull = false
    for (let read = from; read < to; read += 1) {
      const code = bytes[read] ?? 0
      if (code === TAB) {
        this.field(column, isNull, start, write)
        column += 1
        start = read + 1
        write = start
        isNull = false
      } else if (code === BACKSLASH) {
        read += 1
        const letter = bytes[read] ?? 0
        if (letter === 0x4e) isNull = true
        else bytes[write++] = UNESCAPED[letter] ?? letter
      } else {
        if (write !== read) bytes[write] = code
        write += 1
      }
    }
    this.field(column, isNull, start, write)
    if (column !== columns - 1)
      throw new PipelineError('source/protocol', `COPY sent a row of ${column + 1} columns, not ${columns}`)
    return row
  }

  private field(column: number, isNull: boolean, start: number, end: number): void {
    if (column < this.columns) this.row.set(column, isNull ? NULL : TEXT, start, end)
  }
}
