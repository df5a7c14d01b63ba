export const NULL = 0
export const TEXT = 1
/** An unchanged out-of-line value that the server did not send: unknown, not null. */
export const UNCHANGED = 2

/**
 * One row as ranges of the bytes it arrived in: the change stream and COPY fill the same view, so
 * one renderer reads both. Valid until its reader fills it again.
 */
export class TupleView {
  bytes: Buffer = Buffer.alloc(0)
  count = 0
  kinds = new Uint8Array(32)
  starts = new Int32Array(32)
  ends = new Int32Array(32)

  /** Prepares the view for `count` columns of `bytes`. */
  reset(bytes: Buffer, count: number): void {
    this.bytes = bytes
    this.count = count
    if (count > this.kinds.length) {
      this.kinds = new Uint8Array(count)
      this.starts = new Int32Array(count)
      this.ends = new Int32Array(count)
    }
  }

  set(column: number, kind: number, start: number, end: number): void {
    this.kinds[column] = kind
    this.starts[column] = start
    this.ends[column] = end
  }

  /** NULL, TEXT or UNCHANGED; a column past the row's end is NULL. */
  kind(column: number): number {
    return column < this.count ? (this.kinds[column] ?? NULL) : NULL
  }

  start(column: number): number {
    return this.starts[column] ?? 0
  }

  end(column: number): number {
    return this.ends[column] ?? 0
  }

  text(column: number): string {
    return this.bytes.toString('utf8', this.start(column), this.end(column))
  }
}

/** Whether one column holds the same text in two views. */
export function sameValue(left: TupleView, right: TupleView, column: number): boolean {
  if (left.kind(column) !== right.kind(column)) return false
  if (left.kind(column) !== TEXT) return true
  return (
    left.bytes.compare(
      right.bytes,
      right.start(column),
      right.end(column),
      left.start(column),
      left.end(column),
    ) === 0
  )
}
