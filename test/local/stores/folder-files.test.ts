import { stat } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { DuckEngine } from '../../../engine/duckdb/duck-engine.ts'
import { literal } from '../../../lake/sql/sql-text.ts'
import { FolderFiles } from '../../../local/stores/folder-files.ts'
import { FolderObjects } from '../../../local/stores/folder-objects.ts'
import { tempFolder } from '../../support/temp-folder.ts'

test('G7: a file that DuckDB wrote is for its owner alone, as every other of the folder', async () => {
  const folder = await tempFolder()
  const engine = await DuckEngine.open({ temporary: folder })
  try {
    const objects = new FolderObjects(folder)
    const files = new FolderFiles(objects, `${folder}/scratch`)
    const path = await files.scratch('part')
    await engine.run(`COPY (SELECT 'Ada' AS name) TO ${literal(path)} (FORMAT parquet)`)
    await files.publish(path, 'lake/people/0.parquet')
    expect((await stat(objects.path('lake/people/0.parquet'))).mode & 0o777).toBe(0o600)
    expect((await stat(`${folder}/lake`)).mode & 0o777).toBe(0o700)
  } finally {
    engine.close()
  }
})
