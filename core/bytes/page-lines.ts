import { isUtf8 } from 'node:buffer'
import { type Change, type Operation, operations } from '../change.ts'
import { parseTimestamp, toMillis } from '../contract/value/temporal.ts'
import { decodeLine, otherChanges, type Page, pageText } from '../page.ts'
import { isPosition, type Position } from '../position.ts'
import { FlatReader } from './flat-reader.ts'
import { isAt } from './value-reader.ts'

const OPERATION = Buffer.from('{"operation":"')
const POSITION = Buffer.from('","position":"')
const COMMITTED = Buffer.from('","committed-at":')
const NULL = Buffer.from('null')
const DATA = Buffer.from(',"data":')
const BEFORE = Buffer.from(',"before-image":')
const [QUOTE, CLOSE, LINE_END] = [0x22, 0x7d, 0x0a]
const POSITION_LENGTH = 32

/* Names of columns, and nothing of a row; what was read last is of use until the next line. */
const dataReader = new FlatReader()
const beforeReader = new FlatReader()

/**
 * The lines of a page one after the other, as the bytes they are: the values of a flat row are only found, nothing is made of
 * them. Of every line `change` gives the change as the careful reader does.
 */
export class PageLines {
  readonly bytes: Buffer
  /** The row of the line, where it is flat. */
  readonly data = dataReader
  private readonly page: Page
  private readonly isText: boolean
  private start = 0
  private end = 0
  private read = 0
  private lastTime = ''
  private lastMillis: number | null = null
  /** Whether the line is an operation, a place and flat images, and nothing more. */
  isFlat = false
  operation: Operation = 'load'
  position: Position = ''
  /** When it was committed, epoch milliseconds; null for a row of a load. */
  committedMillis: number | null = null
  /** Whether it has values of the row before it. */
  hasBefore = false

  /** Throws `raw/corrupt` for a page that cannot be inflated. */
  constructor(page: Page) {
    this.page = page
    this.bytes = pageText(page)
    this.isText = isUtf8(this.bytes)
  }

  /** Goes to the next line; false behind the last one. Throws `raw/corrupt` for a page that has other than its changes. */
  next(): boolean {
    const { bytes, page } = this
    this.start = this.end
    if (this.start >= bytes.length) {
      if (this.read !== page.changes) throw otherChanges(page)
      return false
    }
    const after = this.isText ? this.flatLine() : -1
    this.isFlat = after >= 0
    this.end = this.isFlat ? after : bytes.indexOf(LINE_END, this.start) + 1
    if (this.end === 0) throw otherChanges(page)
    this.read += 1
    return true
  }

  /** The change of the line. Throws `raw/corrupt`. */
  change(): Change {
    return decodeLine(this.page, this.bytes.toString('utf8', this.start, this.end - 1))
  }

  /* The place after the line, or -1 when it is not of that form. */
  private flatLine(): number {
    const { bytes } = this
    if (!isAt(OPERATION, bytes, this.start)) return -1
    const name = this.start + OPERATION.length
    const nameEnd = bytes.indexOf(QUOTE, name)
    const operation = OPERATIONS.get(bytes.toString('latin1', name, nameEnd))
    if (operation === undefined || !isAt(POSITION, bytes, nameEnd)) return -1
    this.operation = operation
    const place = nameEnd + POSITION.length
    this.position = bytes.toString('latin1', place, place + POSITION_LENGTH)
    if (!isPosition(this.position) || !isAt(COMMITTED, bytes, place + POSITION_LENGTH)) return -1
    const data = this.time(place + POSITION_LENGTH + COMMITTED.length)
    if (data < 0 || !isAt(DATA, bytes, data)) return -1
    let end = this.data.read(bytes, data + DATA.length)
    this.hasBefore = false
    if (end >= 0 && isAt(BEFORE, bytes, end)) {
      end = beforeReader.read(bytes, end + BEFORE.length)
      this.hasBefore = beforeReader.shape.size > 0
    }
    return end >= 0 && bytes[end] === CLOSE && bytes[end + 1] === LINE_END ? end + 2 : -1
  }

  /* The place after the commit time, or -1. */
  private time(at: number): number {
    const { bytes } = this
    if (isAt(NULL, bytes, at)) {
      this.committedMillis = null
      return at + NULL.length
    }
    const end = bytes.indexOf(QUOTE, at + 1)
    if (bytes[at] !== QUOTE || end < 0) return -1
    const text = bytes.toString('latin1', at + 1, end)
    if (text !== this.lastTime) {
      const instant = parseTimestamp(text)
      if (instant === undefined) return -1
      this.lastTime = text
      this.lastMillis = toMillis(instant)
    }
    this.committedMillis = this.lastMillis
    return end + 1
  }
}

const OPERATIONS: ReadonlyMap<string, Operation> = new Map(operations.map((name) => [name, name]))
