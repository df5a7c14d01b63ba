import { LazyEngine } from '../../engine/duckdb/lazy-engine.ts'

/*
 * DuckDB takes a tenth of a second to be closed, in which nothing else happens: more than a small table takes. But what it
 * has of a large table it should give back.
 */
const KEPT_MB = 512
const TABLES = 50

/** The engine of a compaction, kept for the next table: a new one after some, for a wide table, and after a failure. */
export class CompactionEngines {
  private readonly temporary: string
  private readonly threads: number | undefined
  private held: { readonly engine: LazyEngine; readonly megabytes: number } | undefined
  private tables = 0

  constructor(temporary: string, threads: number | undefined) {
    this.temporary = temporary
    this.threads = threads
  }

  /** An engine with this limit of memory, for one table: the next call takes what was made in it. */
  async take(megabytes: number): Promise<LazyEngine> {
    const { held } = this
    const isKept = held !== undefined && held.megabytes === megabytes && megabytes <= KEPT_MB
    if (!isKept || this.tables >= TABLES) await this.close()
    await this.held?.engine.renew()
    this.tables += 1
    this.held ??= {
      engine: new LazyEngine({
        temporary: this.temporary,
        memory: `${megabytes}MB`,
        ...(this.threads === undefined ? {} : { threads: this.threads }),
      }),
      megabytes,
    }
    return this.held.engine
  }

  async close(): Promise<void> {
    const { held } = this
    this.held = undefined
    this.tables = 0
    await held?.engine.close()
  }
}
