import { mkdir, readdir, utimes, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { clearLeftovers } from '../../../local/run/clear-leftovers.ts'
import { runFolder } from '../../../local/state/run-folder.ts'
import { tempFolder } from '../../support/temp-folder.ts'

const kept = [
  'contracts.json',
  'lake/a/b_v1_history/ingest_date=2026-01-01/x.parquet',
  'landing/changes/2026/01/01/00/a.tmp',
  'postgres/data/base.0123456789ab.tmp',
  'reconcile-young/part.parquet',
  'state.db',
]
const left = [
  'contracts.json.0123456789ab.tmp',
  'lake/a/b_v1_history/ingest_date=2026-01-01/x.parquet.0123456789ab.tmp',
  'reconcile-old/part.parquet',
  'keys/mask.hex.ba9876543210.tmp',
]

test('G10 what a crash left goes when a run takes its folder, and nothing else', async () => {
  const root = await tempFolder()
  for (const name of [...kept, ...left]) {
    await mkdir(dirname(join(root, name)), { recursive: true })
    await writeFile(join(root, name), 'x')
  }
  const now = Date.now()
  const longAgo = new Date(now - 2 * 3_600_000)
  await utimes(join(root, 'reconcile-old'), longAgo, longAgo)
  await clearLeftovers(runFolder(root), now)
  const found = await readdir(root, { recursive: true, withFileTypes: true })
  const names = found
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1))
  expect(names.toSorted()).toEqual(kept)
})
