import { type FailureCode, PipelineError } from '../../core/failures/failures.ts'

const CORRUPT = 11
const NOT_A_DATABASE = 26
/* Of an error while rows are read the binding keeps the words alone. */
const DAMAGE = /malformed|not a database/

/** Whether an error is SQLite's own; another one comes of the work that was done in it. */
export function isOfSqlite(error: unknown): error is Error {
  return error instanceof Error && 'code' in error && error.code === 'ERR_SQLITE_ERROR'
}

/**
 * What an error of SQLite is to who asked: `run/damaged` with the file for a file that is none any more, the code given for
 * what the system refuses, whose reason stays its cause. Any other error stays as it is.
 */
export function sqliteFailure(error: unknown, path: string, code: FailureCode): unknown {
  if (!isOfSqlite(error)) return error
  Object.assign(error, { path })
  const primary = 'errcode' in error ? Number(error.errcode) & 0xff : 0
  if (primary === CORRUPT || primary === NOT_A_DATABASE || DAMAGE.test(error.message))
    return new PipelineError('run/damaged', `${path} is damaged: ${error.message}`, { cause: error })
  return new PipelineError(code, `${path}: ${error.message}`, { cause: error })
}
