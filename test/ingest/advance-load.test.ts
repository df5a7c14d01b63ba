import fc from 'fast-check'
import { expect, test } from 'vitest'
import { PipelineError } from '../../core/failures/failures.ts'
import type { Load, TableLoad } from '../../core/load/load.ts'
import type { TaskTable } from '../../core/load/load-task.ts'
import type { Floor } from '../../core/ports/catalog-entry.ts'
import { loadPosition } from '../../core/position.ts'
import { type AdvanceLoadDeps, advanceLoad } from '../../ingest/loads/advance-load.ts'
import type { FileResult } from '../../ingest/loads/advance-table.ts'
import { newLoad } from '../../ingest/loads/list-of-loads.ts'
import { runs } from '../support/budget.ts'

const START = Date.parse('2026-11-23T10:00:00Z')
const tables = ['w.shops', 'w.shifts']

const empty = { state: 'read', rows: 0 } as const

/* A task, a bucket and a catalog, in memory. Whatever is asked of them may break off. */
function world(filesOf: Readonly<Record<string, readonly number[]>>) {
  const state = {
    saved: newLoad({ id: 'l1', tables, window: null }, [], START) as Load,
    running: '' as string,
    folder: 'l0',
    begun: 0,
    isFinished: true,
    /* A run before had the same tables, empty. */
    run: 'run 0',
    read: new Map<string, TaskTable>(tables.map((table) => [table, { ...empty, readAt: 'run 0, the end' }])),
    files: [] as { key: string; table: string; rows: number }[],
    results: new Map<string, FileResult>(),
    floors: [] as (Floor & { table: string })[],
    now: START,
    newest: 5n,
    breakAt: Number.POSITIVE_INFINITY,
    calls: 0,
  }
  const call = async <T>(work: () => T): Promise<T> => {
    state.calls += 1
    if (state.calls === state.breakAt) throw new Error('broke off before')
    const done = work()
    if (state.calls + 0.5 === state.breakAt) throw new Error('broke off after')
    return done
  }
  const deps: AdvanceLoadDeps = {
    task: {
      begin: (load) =>
        call(() => {
          expect(state.running).toBe('')
          Object.assign(state, { begun: state.begun + 1, running: load, folder: load, isFinished: false })
          state.run = `run ${state.begun}`
        }),
      look: () =>
        call(() => ({
          isBusy: state.running !== '',
          run: state.run,
          load: state.folder,
          isFinished: state.isFinished,
          reason: 'the task is stopped',
        })),
      tables: () => call(() => state.read),
      stop: () => call(() => undefined),
    },
    objects: {
      list: (prefix) =>
        call(() => state.files.filter(({ key }) => key.startsWith(prefix)).map(({ key }) => key)),
    },
    results: () => call(() => [...state.results.values()]),
    place: () => call(() => loadPosition(0, state.newest)),
    tidy: () => call(() => undefined),
    isFree: true,
    catalog: {
      addFloor: (table, floor) => call(() => void state.floors.push({ table, ...floor })),
    },
    save: (load) =>
      call(() => {
        state.saved = load
      }),
    now: () => state.now,
  }
  /* What happens elsewhere, in its order. */
  const later = [
    ...tables.flatMap((table) =>
      (filesOf[table] ?? []).map((rows, index) => () => {
        state.files.push({
          key: `landing/loads/l1/${table.replace('.', '/')}/LOAD0000000${index + 1}.parquet`,
          table,
          rows,
        })
      }),
    ),
    () => {
      for (const table of tables)
        state.read.set(table, {
          state: 'read',
          readAt: `${state.run}, the end`,
          rows: (filesOf[table] ?? []).reduce((sum, rows) => sum + rows, 0),
        })
    },
    () => Object.assign(state, { running: '', isFinished: true }),
  ]
  const land = (at: number) => {
    const file = state.files[at % Math.max(1, state.files.length)]
    if (file === undefined) return
    const { key, rows } = file
    const counts = { landed: { 'w.x v1': rows - 1 }, refused: { 'w.x v1': 1 } }
    state.results.set(key, { file: { key, rows, bytes: 9, state: 'landed', history: ['h'], ...counts } })
  }
  return { state, deps, later, land }
}

const table = (load: Load, name: string): TableLoad | undefined =>
  load.tables.find((one) => one.table === name)

test('G2 G10 whatever the order of files, landings and calls, and wherever a call breaks off, a load is complete once all has landed, and not before', async () => {
  const rows = fc.array(fc.integer({ min: 1, max: 9 }), { maxLength: 3 })
  const step = fc.oneof(
    fc.constant({ kind: 'later' as const, at: 0 }),
    fc.record({ kind: fc.constant('land' as const), at: fc.nat(5) }),
    fc.record({ kind: fc.constant('call' as const), at: fc.integer({ min: 1, max: 24 }) }),
  )
  await fc.assert(
    fc.asyncProperty(rows, rows, fc.array(step, { maxLength: 30 }), async (shops, shifts, steps) => {
      const { state, deps, later, land } = world({ 'w.shops': shops, 'w.shifts': shifts })
      const isWhole = (name: string) =>
        later.length <= 1 && state.files.every(({ key, table: of }) => of !== name || state.results.has(key))
      const call = async (breakAt: number) => {
        Object.assign(state, { breakAt: breakAt / 2 + 0.5, calls: 0 })
        await advanceLoad(state.saved, deps).catch(() => undefined)
        for (const one of state.saved.tables)
          if (one.state === 'complete' || one.state === 'audited') expect(isWhole(one.table)).toBe(true)
      }
      for (const { kind, at } of steps) {
        state.now += 1_000
        state.newest += 1n
        if (kind === 'later' && state.begun > 0) later.shift()?.()
        if (kind === 'land') land(at)
        if (kind === 'call') await call(at)
      }
      await call(Number.POSITIVE_INFINITY)
      for (const happen of later.splice(0)) happen()
      for (const index of state.files.keys()) land(index)
      await call(Number.POSITIVE_INFINITY)
      await call(Number.POSITIVE_INFINITY)
      expect(state.saved.tables.map((one) => one.state)).toEqual(['complete', 'complete'])
      expect(state.begun).toBe(1)
      /* One floor for each table, said again at most, where reading began. */
      for (const name of tables) {
        const positions = new Set(
          state.floors.filter((floor) => floor.table === name).map(({ position }) => position),
        )
        expect([...positions]).toEqual([table(state.saved, name)?.position])
        /* By which changes are told that were committed after it began. */
        const sinces = new Set(state.floors.flatMap((floor) => (floor.table === name ? floor.since : [])))
        expect([...sinces]).toEqual([table(state.saved, name)?.startedAt])
      }
      expect(table(state.saved, 'w.shops')?.rows).toBe(shops.reduce((sum, count) => sum + count, 0))
    }),
    { numRuns: runs(150) },
  )
})

const states = (load: Load) => load.tables.map((one) => one.state)
const endTask = (state: ReturnType<typeof world>['state'], isFinished: boolean) =>
  Object.assign(state, { running: '', isFinished })

test('G2 what the task says of a run before is never taken for this one, not even when this one ends without a word', async () => {
  for (const isFinished of [true, false]) {
    const { state, deps } = world({})
    expect(states(await advanceLoad(state.saved, deps))).toEqual(['loading', 'loading'])
    endTask(state, isFinished)
    const after = await advanceLoad(state.saved, deps)
    expect(states(after)).toEqual(isFinished ? ['loading', 'loading'] : ['failed', 'failed'])
    state.now += 11 * 60_000
    expect(states(await advanceLoad(state.saved, deps))).toEqual(['failed', 'failed'])
    expect(state.floors).toEqual([])
  }
})

test('a table is complete while the task still reads others', async () => {
  const { state, deps, later } = world({ 'w.shops': [3], 'w.shifts': [] })
  await advanceLoad(state.saved, deps)
  later[0]?.()
  state.read.set('w.shops', { state: 'waiting', rows: 2, readAt: null })
  state.read.set('w.shifts', { ...empty, readAt: 'run 1, early' })
  const load = await advanceLoad(state.saved, deps)
  expect(states(load)).toEqual(['loading', 'complete'])
  expect(table(load, 'w.shops')).toMatchObject({ rows: 2, isRead: false, files: [{ state: 'arrived' }] })
})

test('a table that was not read, and a file that was set aside, fail with their cause and stop nothing else', async () => {
  const { state, deps, later, land } = world({ 'w.shops': [3], 'w.shifts': [4] })
  await advanceLoad(state.saved, deps)
  for (const happen of later) happen()
  land(0)
  const failure = { code: 'landing/corrupt' as const, message: 'LOAD00000001: no Parquet' }
  const key = 'landing/loads/l1/w/shifts/LOAD00000001.parquet'
  state.files.pop()
  state.results.set(key, {
    file: { key, rows: 0, bytes: 0, state: 'arrived', landed: {}, refused: {}, history: [] },
    failure,
  })
  const load = await advanceLoad(state.saved, deps)
  expect(load.tables).toMatchObject([{ state: 'complete' }, { state: 'failed', failure }])

  const other = world({ 'w.shops': [3], 'w.shifts': [4] })
  await advanceLoad(other.state.saved, other.deps)
  endTask(other.state, false)
  other.state.read.set('w.shops', { state: 'failed', rows: 1, readAt: null })
  const after = await advanceLoad(other.state.saved, other.deps)
  expect(after.tables.map((one) => one.failure)).toEqual([
    { code: 'load/not-read', message: 'w.shops: DMS could not read it; the task is stopped' },
    { code: 'load/not-read', message: 'w.shifts: DMS ended before it was read; the task is stopped' },
  ])
})

test('a load waits for a task that is busy and for another load, and takes its place only then', async () => {
  const { state, deps } = world({})
  state.running = 'l0'
  expect((await advanceLoad(state.saved, deps)).tables[0]?.position).toBeNull()
  state.running = ''
  expect(states(await advanceLoad(state.saved, { ...deps, isFree: false }))).toEqual(['started', 'started'])
  expect([state.begun, states(await advanceLoad(state.saved, deps))]).toEqual([0, ['loading', 'loading']])
})

test('what DMS refuses fails the load with its reason; what may pass is tried at the next call', async () => {
  const { state, deps } = world({})
  const refusing = (code: 'dms/refused' | 'aws/unavailable') => ({
    ...deps,
    task: { ...deps.task, begin: () => Promise.reject(new PipelineError(code, 'there is no task')) },
  })
  await expect(advanceLoad(state.saved, refusing('aws/unavailable'))).rejects.toThrow()
  expect(states(state.saved)).toEqual(['started', 'started'])
  const failed = await advanceLoad(state.saved, refusing('dms/refused'))
  expect(failed.tables).toMatchObject([{ state: 'failed', failure: { code: 'dms/refused' } }, {}])
})

test('rows that were read and never land fail the audit by their numbers, after half an hour', async () => {
  const { state, deps, later } = world({ 'w.shops': [3], 'w.shifts': [] })
  await advanceLoad(state.saved, deps)
  for (const happen of later) happen()
  state.now += 60_000
  expect(table(await advanceLoad(state.saved, deps), 'w.shops')?.state).toBe('loading')
  state.now += 31 * 60_000
  expect(table(await advanceLoad(state.saved, deps), 'w.shops')?.failure).toEqual({
    code: 'load/audit',
    message:
      'w.shops: 3 rows were read, 0 have landed; 1 files have not, the first is landing/loads/l1/w/shops/LOAD00000001.parquet',
  })
})

test('nothing is read before the window opens, and a table is in one load at a time', async () => {
  const { state, deps } = world({})
  const opens = new Date(START + 2 * 3_600_000)
  const hour = (date: Date) => `${String(date.getHours()).padStart(2, '0')}:00`
  const window = `${hour(opens)}-${hour(new Date(START + 4 * 3_600_000))}`
  state.saved = newLoad({ id: 'l1', tables, window }, [], START)
  expect((await advanceLoad(state.saved, deps)).tables[0]?.position).toBeNull()
  expect(() => newLoad({ id: 'l2', tables: ['w.shops'], window: null }, [state.saved], START)).toThrow(
    'w.shops is in load l1',
  )
  state.now += 2 * 3_600_000
  expect((await advanceLoad(state.saved, deps)).tables[0]?.position).not.toBeNull()
})
