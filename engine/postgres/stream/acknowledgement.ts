export interface AcknowledgementDeps {
  /** Notes durably that the source is told this. Nothing is noted when left out. */
  readonly note: ((lsn: bigint) => Promise<void>) | undefined
  /** More may be told now. */
  readonly noted: () => void
  readonly failed: (cause: unknown) => void
  readonly now: () => number
}

/* A note is one small file on disk: changes that come all the time cost one a second. */
const EVERY_MS = 1_000

/** Holds what the source is told to what was noted before: a slot that is further has been moved by somebody else. */
export class Acknowledgement {
  private readonly deps: AcknowledgementDeps
  private told = 0n
  private noting: Promise<void> | undefined
  private notedAt = Number.NEGATIVE_INFINITY

  constructor(deps: AcknowledgementDeps) {
    this.deps = deps
  }

  /** What may be told when everything up to `delivered` is durable; more of it is noted, and may be told a little later. */
  upTo(delivered: bigint): bigint {
    const { note, now } = this.deps
    if (note === undefined) return delivered
    if (delivered <= this.told) return delivered
    if (this.noting === undefined && now() - this.notedAt >= EVERY_MS)
      this.noting = this.note(note, delivered).then(this.deps.noted, this.deps.failed)
    return this.told
  }

  /** The same, when nothing comes any more: resolves when all of it may be told. */
  async settle(delivered: bigint): Promise<void> {
    const { note } = this.deps
    await this.noting
    if (note !== undefined && delivered > this.told) await this.note(note, delivered)
  }

  private async note(note: (lsn: bigint) => Promise<void>, lsn: bigint): Promise<void> {
    try {
      await note(lsn)
      this.told = lsn
    } finally {
      this.notedAt = this.deps.now()
      this.noting = undefined
    }
  }
}
