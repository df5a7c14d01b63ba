import { expect, test } from 'vitest'
import { type Load, loadPrefix } from '../../core/load/load.ts'
import { type AdvanceLoadDeps, advanceLoad } from '../../ingest/loads/advance-load.ts'
import type { FileResult } from '../../ingest/loads/advance-table.ts'
import { newLoad } from '../../ingest/loads/list-of-loads.ts'

const START = Date.parse('2026-11-23T10:00:00Z')
const NAME = 'w.shops'

/* A load of one table, of which DMS says that it read ten rows, and one file landed. */
async function step(counts: { readonly rows: number; readonly landed: number; readonly refused: number }) {
  const fresh = newLoad({ id: 'l1', tables: [NAME], window: null }, [], START)
  const load: Load = {
    ...fresh,
    runBefore: 'run 0',
    tables: fresh.tables.map((table) => ({
      ...table,
      state: 'loading',
      position: 'p',
      startedAt: '2026-11-23',
    })),
  }
  const key = `${loadPrefix('l1', NAME)}/LOAD00000001.parquet`
  const { rows, landed, refused } = counts
  const file: FileResult['file'] = {
    key,
    rows,
    bytes: 9,
    state: 'landed',
    history: ['h'],
    landed: { 'w.x v1': landed },
    refused: { 'w.x v1': refused },
  }
  const steps: string[] = []
  const deps: AdvanceLoadDeps = {
    task: {
      begin: () => Promise.reject(new Error('it has begun')),
      look: async () => ({
        isBusy: false,
        run: 'run 1',
        load: 'l1',
        isFinished: true,
        reason: 'finished',
      }),
      tables: async () => new Map([[NAME, { state: 'read' as const, rows: 10, readAt: 'run 1, the end' }]]),
      stop: async () => undefined,
    },
    objects: { list: async () => [key] },
    results: async () => [{ file }],
    place: async () => 'p',
    catalog: {
      addFloor: async () => {
        steps.push('floor')
      },
    },
    tidy: async () => undefined,
    isFree: true,
    save: async ({ tables }) => {
      steps.push(...tables.map(({ state }) => state))
    },
    now: () => START,
  }
  const { tables } = await advanceLoad(load, deps)
  return { steps, table: tables[0] }
}

test('G1 G10 a load of which every row landed is audited, sets its floor, and is complete only then', async () => {
  const { steps } = await step({ rows: 10, landed: 9, refused: 1 })
  expect(steps).toEqual(['audited', 'floor', 'complete'])
})

test('G1 a load that is one row short of what was read waits, and sets no floor', async () => {
  const { steps, table } = await step({ rows: 9, landed: 8, refused: 1 })
  expect(steps).toEqual(['loading'])
  expect(table).toMatchObject({ state: 'loading', rows: 10 })
})

test.each([
  ['few', 8],
  ['many', 10],
])('G1 a file of which a contract has a row too %s fails its load', async (_, landed) => {
  const { steps, table } = await step({ rows: 10, landed, refused: 1 })
  expect(steps).toEqual(['failed'])
  expect(table?.failure).toMatchObject({ code: 'load/audit' })
})
