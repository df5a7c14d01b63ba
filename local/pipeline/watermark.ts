interface Mark {
  readonly lsn: bigint
  readonly pages: number
}

/**
 * Up to which LSN of the source the lake is complete. Capture says which LSN a number of raw pages reaches; landing
 * says how many pages are queryable.
 */
export class Watermark {
  private marks: Mark[] = []
  private landedPages = 0
  private landedLsn = 0n
  private readonly waiting = new Set<{ readonly lsn: bigint; readonly resolve: () => void }>()

  /** Every commit that ends at or before `lsn` is in the first `pages` pages of the raw store. */
  captured(lsn: bigint, pages: number): void {
    const last = this.marks.at(-1)
    /* One mark for each number of pages is enough: the highest LSN. */
    if (last !== undefined && last.pages === pages) this.marks[this.marks.length - 1] = { lsn, pages }
    else this.marks.push({ lsn, pages })
    this.advance()
  }

  /** The first `pages` pages of the raw store are queryable, or in quarantine. */
  landed(pages: number): void {
    this.landedPages = Math.max(this.landedPages, pages)
    this.advance()
  }

  get lsn(): bigint {
    return this.landedLsn
  }

  get pages(): number {
    return this.landedPages
  }

  /** Resolves when the lake has reached `lsn`; rejects with the signal's reason. */
  reach(lsn: bigint, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.landedLsn >= lsn) return resolve()
      if (signal.aborted) return reject(signal.reason)
      const stop = () => {
        this.waiting.delete(waiter)
        reject(signal.reason)
      }
      const waiter = {
        lsn,
        resolve: () => {
          signal.removeEventListener('abort', stop)
          resolve()
        },
      }
      this.waiting.add(waiter)
      signal.addEventListener('abort', stop, { once: true })
    })
  }

  private advance(): void {
    const reached = this.marks.filter(({ pages }) => pages <= this.landedPages)
    if (reached.length === 0) return
    for (const { lsn } of reached) if (lsn > this.landedLsn) this.landedLsn = lsn
    this.marks = this.marks.slice(reached.length)
    for (const waiter of this.waiting) {
      if (waiter.lsn > this.landedLsn) continue
      this.waiting.delete(waiter)
      waiter.resolve()
    }
  }
}
