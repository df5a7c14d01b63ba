/** How a task stands. */
export interface TaskLook {
  /** It reads, or is between two states: it can neither be changed nor begin. */
  readonly isBusy: boolean
  /** Which run is its newest: the time when it began anew, ISO 8601 UTC by the task's own clock; null before the first. */
  readonly run: string | null
  /** The load whose folder it writes to. */
  readonly load: string | null
  /** Whether the newest run came to its end by itself. */
  readonly isFinished: boolean
  /** Why it does not run, as the task says it. */
  readonly reason: string
}

/** What is known of a table that a task reads. */
export interface TaskTable {
  /** `read` whole, not readable (`failed`), or not yet one of them. */
  readonly state: 'waiting' | 'read' | 'failed'
  /** Read so far. */
  readonly rows: number
  /** When its last row was read, ISO 8601 UTC by the task's own clock. */
  readonly readAt: string | null
}

/**
 * Who reads tables of the source into files of the landing prefix, one load at a time: a full-load task of DMS.
 * Durability: what was read is in files once a table is `read`. Duplicates: a row may be in two files, and a load that is
 * begun again writes the same names again. Order: none. Concurrency: one caller, and nobody else starts the task.
 */
export interface LoadTask {
  look(): Promise<TaskLook>
  /**
   * Has these source tables read, and no others, into `landing/loads/<load>/`; the task must not be busy. Told again
   * before the task began, it begins once. Throws `dms/refused`.
   */
  begin(load: string, tables: readonly string[]): Promise<void>
  /** By source table; in the first moments of a run perhaps still those of the run before. */
  tables(): Promise<ReadonlyMap<string, TaskTable>>
  stop(): Promise<void>
}
