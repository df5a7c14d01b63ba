/** Texts of a place at which the same one comes again and again: it is made once. */
export class LastText {
  private bytes: Uint8Array = new Uint8Array()
  private text = ''

  /** The text of UTF-8 bytes. */
  of(bytes: Buffer, start: number, end: number): string {
    if (!this.isLast(bytes, start, end)) {
      if (this.bytes.length !== end - start) this.bytes = new Uint8Array(end - start)
      for (let i = start; i < end; i += 1) this.bytes[i - start] = bytes[i] ?? 0
      this.text = bytes.toString('utf8', start, end)
    }
    return this.text
  }

  private isLast(bytes: Uint8Array, start: number, end: number): boolean {
    const { length } = this.bytes
    if (end - start !== length) return false
    /* What differs from record to record mostly does at its end. */
    for (let i = length - 1; i >= 0; i -= 1) if (bytes[start + i] !== this.bytes[i]) return false
    return true
  }
}
