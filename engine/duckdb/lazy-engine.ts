import type { JsonValue } from '../../core/json.ts'
import type { SqlEngine } from '../../core/ports/ports.ts'
import { DuckEngine, type DuckEngineOptions } from './duck-engine.ts'

/** A DuckDB that is opened by its first statement: opening costs more than many a table that needs none. */
export class LazyEngine implements SqlEngine {
  private readonly options: DuckEngineOptions
  private opened: Promise<DuckEngine> | undefined

  constructor(options: DuckEngineOptions) {
    this.options = options
  }

  async run(sql: string): Promise<void> {
    await (await this.engine()).run(sql)
  }

  async rows(sql: string): Promise<readonly (readonly JsonValue[])[]> {
    return (await this.engine()).rows(sql)
  }

  /** As `DuckEngine`; does not open it. */
  async renew(): Promise<void> {
    await (await this.opened)?.renew()
  }

  /** Stops the statement that runs; its call rejects. */
  interrupt(): void {
    this.opened?.then(
      (engine) => engine.interrupt(),
      () => undefined,
    )
  }

  async close(): Promise<void> {
    const engine = await this.opened?.catch(() => undefined)
    engine?.close()
  }

  private engine(): Promise<DuckEngine> {
    this.opened ??= DuckEngine.open(this.options)
    return this.opened
  }
}
