/** What is known of a table that a task reads. */
export interface TaskTable {
  /** `read` whole, not readable (`failed`), or not yet one of them. */
  readonly state: 'waiting' | 'read' | 'failed'
  readonly rows: number
}

/**
 * Who reads tables of the source into files of the landing prefix, one load at a time: a full-load task of DMS.
 * Durability: what was read is in files once a table is `read`. Duplicates: a row may be in two files, and a load that is
 * begun again writes other files. Order: none. Concurrency: one caller.
 */
export interface LoadTask {
  /**
   * Begins a load into `landing/loads/<load>/`, or finds it begun since a moment (epoch milliseconds), even if it has ended:
   * files of two readings in one folder would be taken for one. `busy` while the task does something else.
   */
  begin(load: string, tables: readonly string[], since: number): Promise<'begun' | 'busy'>
  /** Whether the task is reading for this load. */
  isReading(load: string): Promise<boolean>
  /** By source table. */
  tables(): Promise<ReadonlyMap<string, TaskTable>>
  stop(): Promise<void>
}
