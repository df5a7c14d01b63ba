import type { SqlEngine } from '../../core/ports/ports.ts'

/* For chunks and row groups, whatever a table's columns are. */
const LEAST_MB = 256
const BASE_MB = 192
/* DuckDB takes 2,048 values of every column at a time, each 16 bytes and some, in each step of an expression. */
const COLUMN_MB = 0.4

/** MB of memory for DuckDB to write, or to land, a load file of so many columns. */
export function roomFor(columns: number): number {
  return Math.max(LEAST_MB, Math.ceil(BASE_MB + columns * COLUMN_MB))
}

/** Limits of engines that one load uses for table after table; a limit is set where it is another. */
export class EngineRoom {
  private readonly engines: readonly Pick<SqlEngine, 'run'>[]
  private megabytes = LEAST_MB

  /** The engines have the room of a table with few columns. */
  constructor(engines: readonly Pick<SqlEngine, 'run'>[]) {
    this.engines = engines
  }

  async make(columns: number): Promise<void> {
    const megabytes = roomFor(columns)
    if (megabytes === this.megabytes) return
    for (const engine of this.engines) await engine.run(`SET memory_limit = '${megabytes}MB'`)
    this.megabytes = megabytes
  }
}
