import { existsSync, truncateSync } from 'node:fs'
import { copyFile, mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import pg from 'pg'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { PipelineError } from '../../../core/failures/failures.ts'
import { isOver, type Load, loadState } from '../../../core/load/load.ts'
import { setForeignAside } from '../../../engine/load-file/set-foreign-aside.ts'
import { type LocalRun, openLocalRun } from '../../../local/run/local-run.ts'
import { runFolder } from '../../../local/state/run-folder.ts'
import { readDocuments, storedRun } from '../../../local/state/state-file.ts'
import { FolderFiles } from '../../../local/stores/folder-files.ts'
import { LoadDocuments } from '../../../state/documents/load-documents.ts'
import { spread, whole } from '../../support/budget.ts'
import { openScratch, type Scratch } from '../sample/scratch.ts'

const ROWS = 300
const TABLE = 'public.rota'
const DEADLINE_MS = 60_000

let scratch: Scratch
let url: string
let dir: string
let writer: pg.Client
let run: LocalRun | undefined

beforeAll(async () => {
  scratch = await openScratch(0o755)
  url = (await scratch.startCopied('loads')).url
  dir = join(scratch.folder, 'run')
  writer = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5_000 })
  await writer.connect()
  scratch.later(() => writer.end())
  for (const name of ['rota', 'shops'])
    await writer.query(
      `CREATE TABLE public.${name} (id int PRIMARY KEY, n int);
       INSERT INTO public.${name} SELECT i, i FROM generate_series(1, ${ROWS}) i`,
    )
  await open()
})

afterEach(() => reopen())
afterAll(async () => {
  await run?.stop()
  await scratch.clear()
})

async function open(reload = false): Promise<LocalRun> {
  run = await openLocalRun({
    dir,
    source: { url },
    isEmbedded: false,
    system: 'loads',
    contracts: [],
    patterns: ['public.*'],
    slot: 'loads',
    publication: 'loads',
    reload,
    compactEveryMs: 0,
    proveEveryMs: 0,
    hints: { bytes: 1 << 20, milliseconds: 20 },
    log: { info: () => undefined, warn: () => undefined },
  })
  await run.loaded(AbortSignal.timeout(DEADLINE_MS))
  return run
}

async function reopen(): Promise<LocalRun> {
  await run?.stop()
  return open()
}

function now(): LocalRun {
  if (run === undefined) throw new Error('no run')
  return run
}

async function over(id: string): Promise<Load> {
  for (let tries = 0; tries < 1_000; tries += 1) {
    const found = now()
      .loads.loads()
      .find((load) => load.id === id)
    if (found !== undefined && isOver(loadState(found))) return found
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  throw new Error('the load did not end')
}

/* What the state on disk says of the table. */
async function loadedNow() {
  return (await storedRun(runFolder(dir)))?.loads[TABLE]
}

async function expectEqual(): Promise<void> {
  const { tables } = await now().reconcile(AbortSignal.timeout(DEADLINE_MS))
  expect(tables.map(({ table, equal, lakeRows }) => [table, equal, lakeRows])).toEqual([
    ['public.rota', true, ROWS],
    ['public.shops', true, ROWS],
  ])
}

/* Fails the next call of a method with an error, before or after its work. */
function break_<T extends object>(target: T, name: keyof T & string, error: Error, when: 'before' | 'after') {
  const original: unknown = target[name]
  if (typeof original !== 'function') throw new Error('not a method')
  const broken = async (...given: readonly unknown[]) => {
    Object.assign(target, { [name]: original })
    if (when === 'after') await original.apply(target, given)
    throw error
  }
  Object.assign(target, { [name]: broken })
}

describe('a load', () => {
  test('G1 is complete with every row counted at each stage, and its position is the floor', async () => {
    await writer.query(`UPDATE public.rota SET n = n + 1 WHERE id <= 10`)
    const { id } = await now().loads.start({ tables: [TABLE] })
    const [table] = (await over(id)).tables
    expect(table).toMatchObject({ state: 'complete', rows: ROWS, isRead: true, failure: null })
    expect(table?.files.map(({ rows, landed, state }) => [rows, landed, state])).toEqual([
      [ROWS, { 'public.rota v1': ROWS }, 'landed'],
    ])
    const [entry] = (await now().pipeline.catalog.entries()).filter(
      ({ table: found }) => found.source === TABLE,
    )
    expect(entry?.floors.at(-1)).toEqual({ position: table?.position, reason: 'load' })
    const stored = () => readDocuments(runFolder(dir), (documents) => new LoadDocuments(documents).all())
    /* What is known here is on disk a moment later. */
    await expect.poll(() => stored()).toContainEqual(await over(id))
    await expectEqual()
  })

  const breaks = [
    ['recordLoadFile', 'before', 'ledger'],
    ['recordLoadFile', 'after', 'ledger'],
    ['addFloor', 'before', 'catalog'],
    ['addFloor', 'after', 'catalog'],
  ] as const
  test.each(spread(breaks, 2))(
    'G3 G10 that fails at %s (%s) says why, and resumed it is complete and equal',
    async (name, when, port) => {
      const before = await loadedNow()
      const error = new PipelineError('lake/unreadable', 'injected')
      const target = port === 'ledger' ? now().pipeline.ledger : now().pipeline.catalog
      break_(target, name as never, error, when)
      const { id } = await now().loads.start({ tables: [TABLE] })
      const first = await over(id)
      expect(loadState(first)).toBe('failed')
      expect(first.tables[0]?.failure).toEqual({ code: 'lake/unreadable', message: 'injected' })
      /* A floor that is not set is not in the state either: the next start would take the load for complete. */
      expect(await loadedNow()).toEqual(before)
      await now().loads.resume(id)
      expect(loadState(await over(id))).toBe('complete')
      await expectEqual()
    },
  )

  test('G10 that a stop cuts off goes on by itself at the next start', async () => {
    const { id } = await now().loads.start({ tables: ['public.*'] })
    await reopen()
    expect(loadState(await over(id))).toBe('complete')
    await expectEqual()
  })

  whole(
    'takes away rows that were deleted unseen, and those alone; the start that notices asks for it',
    async () => {
      await run?.stop()
      await writer.query('ALTER PUBLICATION loads DROP TABLE public.rota')
      await writer.query('DELETE FROM public.rota WHERE id = 7; INSERT INTO public.rota VALUES (7, 70)')
      await writer.query('ALTER PUBLICATION loads ADD TABLE ONLY public.rota')
      await open()
      const newest = now().loads.loads().at(-1)
      expect((await over(newest?.id ?? '')).tables).toMatchObject([{ table: TABLE, state: 'complete' }])
      await expectEqual()
    },
  )

  test('is refused for a table that is not captured, that another load has, and with a window that is none', async () => {
    await expect(now().loads.start({ tables: ['public.nobody'] })).rejects.toMatchObject({
      code: 'source/no-tables',
    })
    await expect(now().loads.start({ tables: [TABLE], window: 'noon' })).rejects.toMatchObject({
      code: 'usage/invalid',
    })
    await expect(now().loads.resume('nobody')).rejects.toMatchObject({ code: 'load/not-found' })
    const { id } = await now().loads.start({ tables: [TABLE], window: closed() })
    await expect(now().loads.start({ tables: [TABLE] })).rejects.toMatchObject({ code: 'load/busy' })
    await expect(now().loads.resume(id)).rejects.toMatchObject({ code: 'load/busy' })
    expect(loadState(await now().loads.cancel(id))).toBe('cancelled')
  })

  test('waits for its window without holding up the next one, once it is cancelled', async () => {
    const waiting = await now().loads.start({ tables: [TABLE], window: closed() })
    expect(loadState(waiting)).toBe('started')
    await now().loads.cancel(waiting.id)
    const next = await now().loads.start({ tables: ['public.shops'] })
    expect(loadState(await over(next.id))).toBe('complete')
    expect(loadState(await over(waiting.id))).toBe('cancelled')
    await expectEqual()
  })

  test('of a file that cannot be read fails with the file set aside whole, and resumed reads it anew', async () => {
    const { objects, quarantine } = now().pipeline
    const path = objects.path.bind(objects)
    /* Landing looks at the file just before it opens it. */
    let broken: string | undefined
    Object.assign(objects, {
      path: (key: string) => {
        const found = path(key)
        if (key.endsWith('/LOAD00000001.parquet') && existsSync(found) && broken === undefined) {
          broken = key
          truncateSync(found, 100)
        }
        return found
      },
    })
    const { id } = await now().loads.start({ tables: [TABLE] })
    const [failed] = (await over(id)).tables
    expect(failed).toMatchObject({ state: 'failed', failure: { code: 'landing/corrupt' } })
    const aside = `landing/rejected/loads/${broken?.slice('landing/loads/'.length)}`
    expect((await readFile(join(dir, aside))).length).toBe(100)
    const entries: unknown[] = []
    for await (const { id: entry, reasons, table } of quarantine.list())
      if (entry === `landing#${broken}`) entries.push([table, reasons[0]?.code])
    expect(entries).toEqual([[TABLE, 'landing/corrupt']])
    await now().loads.resume(id)
    expect(loadState(await over(id))).toBe('complete')
    await expectEqual()
  })

  whole(
    'that is not over ends when the slot is made anew: its rows would rank before the new ones',
    async () => {
      const { id } = await now().loads.start({ tables: [TABLE], window: closed() })
      await run?.stop()
      await open(true)
      expect(loadState(await over(id))).toBe('cancelled')
      await expectEqual()
    },
  )

  whole('that fails for one table goes on with the others', async () => {
    await writer.query('CREATE TABLE public.brief (id int PRIMARY KEY)')
    await reopen()
    await writer.query('DROP TABLE public.brief')
    const { id } = await now().loads.start({ tables: ['public.brief', TABLE] })
    const ended = await over(id)
    expect(ended.tables.map(({ state }) => state)).toEqual(['failed', 'complete'])
    expect(ended.tables[0]?.failure?.code).toBe('source/table-gone')
  })
})

describe('a file that no load wrote', () => {
  test('is set aside whole with its reason, and stops nothing', async () => {
    const folder = join(dir, 'landing/loads/somebody/public/rota')
    await mkdir(folder, { recursive: true })
    await writeFile(join(folder, 'LOAD00000001.parquet'), 'PAR1 no parquet PAR1')
    await writeFile(join(folder, 'notes.txt'), 'hello')
    await reopen()
    const waiting = async () => {
      const found: string[] = []
      for await (const { reasons } of now().pipeline.quarantine.list())
        found.push(...reasons.map(({ code, message }) => `${code} ${message}`))
      return found.filter((text) => text.includes('somebody')).sort()
    }
    for (let tries = 0; (await waiting()).length < 2 && tries < 400; tries += 1)
      await new Promise((resolve) => setTimeout(resolve, 25))
    expect(await waiting()).toEqual([
      expect.stringMatching(/^landing\/foreign .*LOAD00000001\.parquet: no load somebody was started here$/),
      expect.stringMatching(/^landing\/foreign .*notes\.txt: expected the name of a load file/),
    ])
    expect(await readdir(folder)).toEqual([])
    expect(await readdir(join(dir, 'landing/rejected/loads/somebody/public/rota'))).toHaveLength(2)
    await expectEqual()
  })

  whole(
    'is set aside even where it lies among those of a complete load, which a replay would land again',
    async () => {
      const load = await over((await now().loads.start({ tables: [TABLE] })).id)
      const [own] = load.tables[0]?.files ?? []
      const stray = own?.key.replace('LOAD00000001', 'LOAD000000FF') ?? ''
      const { objects, quarantine, folder } = now().pipeline
      await copyFile(objects.path(own?.key ?? ''), objects.path(stray))
      const files = new FolderFiles(objects, folder.scratch)
      const log = { info: () => undefined, warn: () => undefined }
      const look = () => setForeignAside(() => now().loads.loads(), { objects, files, quarantine, log })
      expect(await look()).toEqual([stray])
      expect(await look()).toEqual([])
      expect(existsSync(objects.path(own?.key ?? ''))).toBe(true)
    },
  )
})

/* A window of a minute that was over an hour ago. */
function closed(): string {
  const hour = (new Date().getHours() + 22) % 24
  const text = String(hour).padStart(2, '0')
  return `${text}:00-${text}:01`
}
