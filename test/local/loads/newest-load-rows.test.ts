import { mkdir } from 'node:fs/promises'
import { dirname } from 'node:path'
import { expect, test } from 'vitest'
import type { Load } from '../../../core/load/load.ts'
import { loadPosition } from '../../../core/position.ts'
import { DuckEngine } from '../../../engine/duckdb/duck-engine.ts'
import { literal } from '../../../lake/sql/sql-text.ts'
import { newestLoadRows } from '../../../local/loads/newest-load-rows.ts'
import { runFolder } from '../../../local/state/run-folder.ts'
import { FolderObjects } from '../../../local/stores/folder-objects.ts'
import { LoadDocuments } from '../../../state/documents/load-documents.ts'
import { writeDocuments } from '../../support/state-documents.ts'
import { tempFolder } from '../../support/temp-folder.ts'

/* More columns than DuckDB takes levels of an expression; a file of 16 MiB, where such rows end one. */
const COLUMNS = 1_100
const ROWS = 12

test('G9 the rows of a wide table, fat ones too, are read in the memory that its columns need', async () => {
  const folder = runFolder(await tempFolder())
  const objects = new FolderObjects(folder.root)
  const key = 'landing/loads/l1/w/wide/LOAD00000001.parquet'
  await mkdir(dirname(objects.path(key)), { recursive: true })
  const engine = await DuckEngine.open({ temporary: folder.root })
  const columns = Array.from(
    { length: COLUMNS },
    (_, at) => `repeat(md5(concat(i, ' ', ${at})), 40) AS c${at}`,
  )
  await engine.run(
    `COPY (SELECT 'now' AS DMS_TIMESTAMP, ${columns.join(', ')} FROM range(${ROWS}) r(i))
     TO ${literal(objects.path(key))} (FORMAT parquet, COMPRESSION uncompressed)`,
  )
  engine.close()
  const counts = { rows: ROWS, bytes: 1, isRead: true, estimatedRows: null, failure: null, files: [] }
  const position = loadPosition(1, 16n)
  const load: Load = {
    id: 'l1',
    startedAt: '2026-01-01T00:00:00.000Z',
    window: null,
    tables: [
      { ...counts, table: 'w.wide', state: 'complete', oid: 1, position, startedAt: null, endedAt: null },
    ],
  }
  await writeDocuments(folder.root, (documents) => new LoadDocuments(documents).save(load))
  const widths: number[] = []
  for await (const { data } of newestLoadRows(folder, 'w.wide', ROWS + 1))
    widths.push(Object.keys(data).length)
  expect(widths).toEqual(Array.from({ length: ROWS }, () => COLUMNS))
})
