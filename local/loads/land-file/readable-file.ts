import { PipelineError } from '../../../core/failures.ts'
import type { FileColumn } from '../../../lake/load-file/file-column.ts'

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

/** Whether a statement failed for what it read or says, not for want of memory and not because it was stopped. */
export function isOfFile(error: unknown): error is PipelineError {
  return (
    error instanceof PipelineError &&
    error.code === 'lake/unreadable' &&
    !/Out of Memory|interrupt/i.test(error.message)
  )
}
