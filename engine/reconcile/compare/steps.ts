/** What goes on of a comparison; when the signal aborts, the steps that did and for how long are known. */
export class Steps {
  private readonly active = new Map<string, number>()
  private cut: readonly string[] = []
  private readonly signal: AbortSignal
  private readonly listener = () => this.note()

  constructor(signal: AbortSignal) {
    this.signal = signal
    /* Listeners run before anything that the signal ends. */
    signal.addEventListener('abort', this.listener, { once: true })
  }

  close(): void {
    this.signal.removeEventListener('abort', this.listener)
  }

  /** Does `work` as the step of that name. */
  async run<T>(name: string, work: () => Promise<T>): Promise<T> {
    this.active.set(name, performance.now())
    try {
      return await work()
    } finally {
      this.active.delete(name)
    }
  }

  /** What went on at the abort: `PostgreSQL summed its rows for 240 s`. */
  atAbort(): string {
    return this.cut.join(', ')
  }

  private note(): void {
    const now = performance.now()
    this.cut = [...this.active].map(([name, since]) => `${name} for ${Math.round((now - since) / 1_000)} s`)
  }
}
