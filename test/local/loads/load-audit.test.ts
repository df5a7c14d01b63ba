import { expect, test } from 'vitest'
import type { LoadFile, TableLoad } from '../../../core/load/load.ts'
import type { LandedFile } from '../../../engine/load-file/land-or-reject-file.ts'
import type { SourceTable } from '../../../engine/postgres/catalog/source-catalog.ts'
import { runTableLoad, type TableLoadDeps } from '../../../local/loads/run-table-load.ts'

const table: SourceTable = {
  schema: 'w',
  name: 'shifts',
  oid: 7,
  isPartitioned: false,
  columns: [],
  key: [],
  replicaIdentity: 'default',
}

function unused(): never {
  throw new Error('nothing is read here')
}

interface Fault {
  readonly landed?: Partial<LandedFile>
  /** Rows of the history files, by their footers. */
  readonly held?: number
  readonly complete?: () => Promise<void>
}

/* The load of a table of ten rows that was read into one file, and is now landed and counted. */
async function load({ landed = {}, held = 9, complete }: Fault = {}) {
  const steps: string[] = []
  const counts = { rows: 10, landed: { 'w.shifts v1': 9 }, refused: { 'w.shifts v1': 1 }, history: ['h'] }
  const deps: TableLoadDeps = {
    epoch: 1,
    load: 'l1',
    signal: new AbortController().signal,
    now: () => 0,
    objects: { list: unused, delete: unused },
    openSnapshot: unused,
    read: unused,
    makeRoom: () => Promise.resolve(),
    onProgress: () => undefined,
    land: async () => ({ ...counts, ...landed }),
    rowsIn: async () => held,
    catalog: {
      addFloor: async () => {
        await complete?.()
        steps.push('floor')
      },
    },
    settle: async () => {
      steps.push('settled')
    },
    save: async ({ state }) => {
      steps.push(state)
    },
  }
  const file: LoadFile = {
    key: 'landing/loads/l1/w/shifts/LOAD00000001.parquet',
    bytes: 9,
    state: 'arrived',
    rows: 10,
    landed: {},
    refused: {},
    history: [],
  }
  const given: TableLoad = {
    table: 'w.shifts',
    state: 'loading',
    oid: 7,
    position: 'p',
    isRead: true,
    files: [file],
    rows: 10,
    bytes: 9,
    estimatedRows: null,
    failure: null,
    endedAt: null,
    startedAt: '2026-01-01T00:00:00.000Z',
  }
  const failure = await runTableLoad(given, table, deps).then(
    () => undefined,
    (error: unknown) => error,
  )
  return { steps, failure }
}

test('G1 a load of which every row is counted everywhere sets its floor, then is complete', async () => {
  const { steps, failure } = await load()
  expect([failure, steps]).toEqual([undefined, ['audited', 'floor', 'settled', 'complete']])
})

test.each([
  ['in its files', { landed: { rows: 9, landed: { 'w.shifts v1': 8 } }, held: 8 }],
  ['in history and quarantine', { landed: { landed: { 'w.shifts v1': 8 } }, held: 8 }],
  ['in quarantine', { landed: { refused: { 'w.shifts v1': 0 } } }],
  ['in what one of two contracts made', { landed: { landed: { 'w.shifts v1': 9, 'w.s v1': 9 } }, held: 18 }],
  ['in its history files', { held: 8 }],
] as const)('G1 a load that is one row short %s fails its audit, and sets no floor', async (_, fault) => {
  const { steps, failure } = await load(fault)
  expect(failure).toMatchObject({ code: 'load/audit' })
  expect(steps).toEqual([])
})

test.each([
  ['in its files', { landed: { rows: 11, landed: { 'w.shifts v1': 10 } }, held: 10 }],
  ['in history and quarantine', { landed: { landed: { 'w.shifts v1': 10 } }, held: 10 }],
  ['in its history files', { held: 10 }],
] as const)('G3 a load that is one row too many %s fails its audit, and sets no floor', async (_, fault) => {
  const { steps, failure } = await load(fault)
  expect(failure).toMatchObject({ code: 'load/audit' })
  expect(steps).toEqual([])
})

test('G10 a load whose floor could not be set is not complete', async () => {
  const { steps, failure } = await load({ complete: () => Promise.reject(new Error('disk full')) })
  expect(failure).toMatchObject({ message: 'disk full' })
  expect(steps).toEqual(['audited'])
})
