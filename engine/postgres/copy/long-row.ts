const TAB = 0x09
const NEWLINE = 0x0a
const BACKSLASH = 0x5c
const LETTER_N = 0x4e
const NULL_FIELD = Buffer.from('\\N')
/* An index entry has less than 3 kB, but may be compressed. */
const MAX_KEY_BYTES = 4 << 20

/** Which columns of COPY's text are values, from `first` on, and which of those are the key. */
export interface RowFields {
  readonly columns: number
  readonly keyColumns: readonly number[]
}

/** Measures one row of COPY's text that comes in pieces, and keeps its key. Memory: the key. */
export class LongRow {
  /** Of its values, unescaped; a null has none. */
  bytes = 0
  private readonly fields: RowFields
  private readonly key = new Map<number, Buffer[]>()
  /* The first field is no value, see `copyTable`. */
  private field = -1
  private fieldBytes = 0
  private isEscape = false
  private isNull = false
  private keyBytes = 0

  constructor(fields: RowFields) {
    this.fields = fields
  }

  /** Takes the row's bytes up to its line end; gives how many they were, with the line end, and all when it has none yet. */
  take(piece: Buffer): number {
    let start = 0
    for (let at = 0; at < piece.length; at += 1) {
      const code = piece[at]
      if (this.isEscape) {
        this.isEscape = false
        this.isNull = code === LETTER_N && this.fieldBytes === 0
        this.fieldBytes += 1
      } else if (code === BACKSLASH) this.isEscape = true
      else if (code === TAB || code === NEWLINE) {
        this.keep(piece.subarray(start, at))
        this.endField()
        start = at + 1
        if (code === NEWLINE) return at + 1
      } else this.fieldBytes += 1
    }
    this.keep(piece.subarray(start))
    return piece.length
  }

  /** Once the row is over: a row of COPY's text, of the values alone, that has its key and nulls. */
  keyRow(): Buffer {
    const fields = Array.from({ length: this.fields.columns }, (_, index) =>
      Buffer.concat(this.key.get(index) ?? [NULL_FIELD]),
    )
    const parts = fields.flatMap((field, index) => (index === 0 ? [field] : [Buffer.of(TAB), field]))
    return Buffer.concat([...parts, Buffer.of(NEWLINE)])
  }

  private keep(part: Buffer): void {
    if (part.length === 0 || !this.fields.keyColumns.includes(this.field)) return
    this.keyBytes += part.length
    /* No key at all before a wrong one. */
    if (this.keyBytes > MAX_KEY_BYTES) this.key.clear()
    /* Whoever gave the piece uses it again. */ else this.key.get(this.field)?.push(Buffer.from(part))
  }

  private endField(): void {
    this.bytes = this.soFar
    this.field += 1
    if (this.fields.keyColumns.includes(this.field) && this.keyBytes <= MAX_KEY_BYTES)
      this.key.set(this.field, [])
    this.fieldBytes = 0
    this.isNull = false
  }

  /** The bytes so far, of a row that has not ended. */
  get soFar(): number {
    const isNull = this.isNull && this.fieldBytes === 1
    return this.bytes + (this.field < 0 || isNull ? 0 : this.fieldBytes)
  }
}
