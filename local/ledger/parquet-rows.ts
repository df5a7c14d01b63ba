import { access } from 'node:fs/promises'
import { PipelineError } from '../../core/failures/failures.ts'
import type { SqlEngine } from '../../core/ports/ports.ts'
import { globPath, literal } from '../../lake/sql/sql-text.ts'

const BATCH = 256

/**
 * Rows of Parquet files by their footers; null for a file that cannot be read. Files that are not there are left out.
 * `pathOf` gives the local file of a key.
 */
export async function parquetRows(
  keys: readonly string[],
  { engine, pathOf }: { readonly engine: SqlEngine; readonly pathOf: (key: string) => string },
): Promise<ReadonlyMap<string, number | null>> {
  const rows = new Map<string, number | null>()
  for (let at = 0; at < keys.length; at += BATCH) {
    const there: string[] = []
    for (const key of keys.slice(at, at + BATCH)) {
      const isThere = await access(pathOf(key)).then(
        () => true,
        () => false,
      )
      if (isThere) there.push(key)
    }
    await readRows(there, engine, pathOf, rows)
  }
  return rows
}

/* One bad file fails the whole statement: halves find it. */
async function readRows(
  keys: readonly string[],
  engine: SqlEngine,
  pathOf: (key: string) => string,
  rows: Map<string, number | null>,
): Promise<void> {
  const [first] = keys
  if (first === undefined) return
  const byPath = new Map(keys.map((key) => [pathOf(key), key]))
  const paths = [...byPath.keys()].map((path) => literal(globPath(path))).join(', ')
  try {
    const found = await engine.rows(`SELECT file_name, num_rows FROM parquet_file_metadata([${paths}])`)
    for (const [path, count] of found) {
      const key = byPath.get(String(path))
      if (key !== undefined) rows.set(key, Number(count))
    }
  } catch (error) {
    if (!(error instanceof PipelineError)) throw error
    if (keys.length === 1) rows.set(first, null)
    else {
      const middle = keys.length >>> 1
      await readRows(keys.slice(0, middle), engine, pathOf, rows)
      await readRows(keys.slice(middle), engine, pathOf, rows)
    }
  }
}
