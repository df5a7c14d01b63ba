import * as z from 'zod'
import { LakeSession } from '../../../engine/duckdb/lake-session.ts'
import { runFolder } from '../../../local/state/run-folder.ts'
import { readDocuments, storedEntries } from '../../../local/state/state-file.ts'
import { FolderObjects } from '../../../local/stores/folder-objects.ts'
import { ReplayDocuments } from '../../../state/documents/replay-documents.ts'
import { type ReplayUnderTest, replayContract } from '../../engine/replay/replay.contract.ts'
import { lakeRuns } from './lake-runs.ts'
import { noted } from './things-fixture.ts'

const { filled, inLife } = lakeRuns()
const answer = z.object({
  state: z.string(),
  revision: z.number().nullable(),
  changes: z.number(),
  rows: z.number(),
  refused: z.number(),
})

replayContract('of a run folder', async () => {
  const folder = await filled([noted], [])
  const objects = new FolderObjects(folder)
  let now = Date.parse('2026-01-02T12:00:00Z')
  let taken = 0
  const lake: ReplayUnderTest = {
    take: (contract, batches) =>
      inLife(folder, [contract], async (shop) => {
        for (const batch of batches) {
          taken += 1
          await shop.take(batch, String(taken))
        }
      }),
    replay: (contract, { isPiece = false, isDryRun = false } = {}) =>
      inLife(folder, [contract], async (shop) => {
        shop.now = () => now
        const stop = new AbortController()
        const progress = () => (isPiece ? stop.abort() : undefined)
        const request = { kind: 'replay', table: 'w.things', isDryRun } as const
        return answer.parse(await shop.run(request, stop.signal, progress))
      }),
    compact: () =>
      inLife(folder, [noted], async (shop) => {
        shop.now = () => now
        await shop.run({ kind: 'compact', isDryRun: false })
      }),
    pass: (days) => {
      now += days * 86_400_000
    },
    current: async () => {
      await inLife(folder, [noted], async () => undefined)
      const entries = await storedEntries(runFolder(folder))
      const session = await LakeSession.open({ folder, entries })
      try {
        const sql = 'SELECT id::INTEGER, n, note FROM w.things ORDER BY id'
        const { batches } = await session.query(sql)
        const rows: unknown[] = []
        for await (const batch of batches) rows.push(...batch)
        return rows
      } finally {
        await session.close()
      }
    },
    files: async () => (await objects.list('lake/')).filter((key) => key.includes('/replay-r')),
    delete: (key) => objects.delete(key),
    states: async () => {
      const replays = await readDocuments(runFolder(folder), (documents) =>
        new ReplayDocuments(documents).all(),
      )
      return replays.map(({ state }) => state)
    },
    waiting: () => inLife(folder, [noted], async (shop) => (await shop.waiting()).length),
    close: async () => undefined,
  }
  return lake
})
