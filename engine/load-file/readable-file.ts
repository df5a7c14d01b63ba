import { PipelineError } from '../../core/failures/failures.ts'
import type { JsonValue } from '../../core/json.ts'
import type { SqlEngine } from '../../core/ports/ports.ts'
import type { FileColumn } from '../../lake/load-file/file-column.ts'

/** A load file that DuckDB reads. */
export interface ReadableFile {
  readonly key: string
  /** Source table. */
  readonly table: string
  readonly rows: number
  readonly columns: readonly FileColumn[]
  /** Its rows, for a FROM. */
  readonly relation: string
}

/** The reason why a load file is set aside whole: what was expected and what was found. */
export function corrupt(key: string, message: string, cause?: unknown): PipelineError {
  return new PipelineError('landing/corrupt', `${key}: ${message}`, cause === undefined ? {} : { cause })
}

/** Runs what can fail only through the file, for want of memory, or because it was stopped. */
export async function fromFile<T>(key: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read()
  } catch (error) {
    if (!isOfFile(error)) throw error
    throw corrupt(key, `expected Parquet that can be read whole, found what makes ${error.message}`, error)
  }
}

/**
 * Rows of a statement whose conditions are asked of the values of a load file, never of its footer: DuckDB takes another
 * writer's bounds for the whole truth, but many writers leave NaN out of them, as the format lets them. The setting is of
 * the whole engine, which lands one file at a time.
 */
export async function byValues(
  engine: SqlEngine,
  statement: string,
): Promise<readonly (readonly JsonValue[])[]> {
  await engine.run(`SET disabled_optimizers = 'statistics_propagation,filter_pushdown'`)
  try {
    return await engine.rows(statement)
  } finally {
    await engine.run('RESET disabled_optimizers')
  }
}

/** Whether a statement failed for what it read or says, not for want of memory and not because it was stopped. */
export function isOfFile(error: unknown): error is PipelineError {
  return (
    error instanceof PipelineError &&
    error.code === 'lake/unreadable' &&
    !/Out of Memory|interrupt/i.test(error.message)
  )
}
