import { DuckDBInstance } from '@duckdb/node-api'
import { PipelineError } from '../../core/failures/failures.ts'
import { globPath, literal } from '../../lake/sql/sql-text.ts'
import { isChange } from '../../lake/sql/table-shape.ts'
import { digestOf } from '../files/file-digest.ts'

/** What files of a replay must hold. */
export interface ReplayReading {
  readonly table: string
  readonly revision: number
  readonly from: string | null
  readonly to: string | null
  readonly rows: number
  readonly files: readonly { readonly key: string; readonly sha256: string }[]
}

/**
 * Reads the files of a replay back: each has the bytes that were written, and another reader than their writer finds
 * every row of a change that the ledger counted, and all of this revision and inside the range. Throws `lake/unreadable` when not; nothing is
 * shown to readers then. `pathOf` gives the local file of a key.
 */
export async function auditReplay(
  state: ReplayReading,
  pathOf: (key: string) => Promise<string>,
): Promise<void> {
  const { files, rows, table } = state
  if (files.length === 0) return
  for (const { key, sha256 } of files) {
    const found = await digestOf(await pathOf(key)).catch((cause: unknown) => {
      throw new PipelineError('lake/unreadable', `${table}: ${key} cannot be read`, { cause })
    })
    if (found !== sha256)
      throw new PipelineError('lake/unreadable', `${table}: ${key} is not what the replay wrote`)
  }
  const [counted, foreign] = await countRows(state, pathOf).catch((cause: unknown) => {
    throw new PipelineError('lake/unreadable', `${table}: the files of the replay cannot be read`, { cause })
  })
  if (counted !== rows || foreign !== 0)
    throw new PipelineError(
      'lake/unreadable',
      `${table}: the replay wrote ${rows} rows, its files hold ${counted}, ${foreign} of them foreign`,
    )
}

/* Rows, and those of another revision or outside the range; the two halves of a key update are one change. */
async function countRows(
  { files, revision, from, to }: ReplayReading,
  pathOf: (key: string) => Promise<string>,
): Promise<readonly number[]> {
  const duckdb = await DuckDBInstance.create(':memory:', {
    autoinstall_known_extensions: 'false',
    memory_limit: '512MB',
  })
  const connection = await duckdb.connect()
  try {
    const local = await Promise.all(files.map(({ key }) => pathOf(key)))
    const paths = local.map((path) => literal(globPath(path))).join(', ')
    const range = [
      ...(from === null ? [] : [`_position < ${literal(from)}`]),
      ...(to === null ? [] : [`left(_position, 31) > left(${literal(to)}, 31)`]),
    ]
    const outside = [`_revision <> ${Number(revision)}`, ...range].join(' OR ')
    const read = await connection.runAndReadAll(
      `SELECT count(*) FILTER (${isChange()})::BIGINT, count(*) FILTER (${outside})::BIGINT FROM read_parquet([${paths}])`,
    )
    return (read.getRowsJson()[0] ?? []).map(Number)
  } finally {
    connection.closeSync()
    duckdb.closeSync()
  }
}
