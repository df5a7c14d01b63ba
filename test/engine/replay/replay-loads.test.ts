import { expect, test } from 'vitest'
import type { Page } from '../../../core/page.ts'
import { loadPosition } from '../../../core/position.ts'
import type { Replay } from '../../../core/replay/replay.ts'
import { replay } from '../../../engine/replay/replay.ts'
import type { ReplayDeps, StoredLoad } from '../../../engine/replay/replay-deps.ts'
import { routeOf } from '../../../formatters/route.ts'
import { catalogTable } from '../../../glue/catalog-table.ts'
import { MemoryCatalog, MemoryObjects, MemoryQuarantine } from '../../ingest/memory-ports.ts'
import { noted } from '../../local/operations/things-fixture.ts'

const DAY = '2026-11-23'
const route = routeOf(noted, new Uint8Array(32))

async function* nothing(): AsyncGenerator<Page> {}

/* A table that has load files and no page; each file gives one row. */
class Bench {
  readonly objects = new MemoryObjects()
  readonly replays = new Map<number, Replay>()
  readonly landed: string[] = []
  readonly manifest = new Set<string>()
  stored: StoredLoad = { keys: ['one/1', 'one/2', 'one/3'], position: loadPosition(1, 1n) }
  private readonly catalog = new MemoryCatalog()

  /** Goes on for so many files. */
  async ask(files: number) {
    const { catalog, objects, replays } = this
    if ((await catalog.entries()).length === 0) await catalog.registerTables([catalogTable(noted)])
    let left = files
    const deps: ReplayDeps = {
      objects,
      quarantine: new MemoryQuarantine(),
      now: () => Date.parse(`${DAY}T10:00:00Z`),
      raw: { behind: () => nothing() },
      catalog: {
        registerPartition: (...day) => catalog.registerPartition(...day),
        publishRevision: (...shown) => catalog.publishRevision(...shown),
        entry: async () => {
          const [entry] = await catalog.entries()
          if (entry === undefined) throw new Error('no table')
          return entry
        },
      },
      replays: {
        of: async () => [...replays.values()],
        replace: async (one) => void replays.set(one.revision, one),
      },
      manifest: {
        replaceFiles: async ({ added }) => {
          for (const { key } of added) this.manifest.add(key)
        },
      },
      isOver: () => left <= 0,
      maxBlockBytes: 1_000_000,
      open: () => ({ read: async (key) => key, close: async () => undefined }),
      readBack: 'each',
      alone: (choose) => choose(),
      extent: async () => ({ pages: 0, last: '' }),
      loads: {
        stored: async () => this.stored,
        land: async ({ key, position, revision, ingestDate }) => {
          left -= 1
          this.landed.push(key)
          const name = `replay-r00000${revision}-load-${key.replace('/', '-')}.parquet`
          const file = `${catalogTable(noted).location}/ingest_date=${ingestDate}/${name}`
          await objects.put(file, Buffer.from('PAR1'))
          const made = { key: file, rows: 1, bytes: 4, sha256: '0', first: position, last: position }
          return { rows: 1, landed: 1, refused: 0, files: [made] }
        },
      },
    }
    return replay({ route, range: {}, isDryRun: false }, deps)
  }
}

test('G10 load files are landed again one by one, and one that was stopped goes on behind the last', async () => {
  const bench = new Bench()
  expect(await bench.ask(2)).toMatchObject({ state: 'interrupted', replay: { revision: 1, rows: 2 } })
  expect([bench.landed, [...bench.manifest]]).toEqual([['one/1', 'one/2'], []])
  expect(await bench.ask(9)).toMatchObject({ state: 'complete', replay: { revision: 1, rows: 3 } })
  expect(bench.landed).toEqual(['one/1', 'one/2', 'one/3'])
  expect([...bench.manifest].sort()).toEqual(await bench.objects.list('lake/'))
  expect(bench.manifest.size).toBe(3)
})

test('G2 one that goes on after a newer load of its table lands every file of that load', async () => {
  const bench = new Bench()
  await bench.ask(2)
  bench.stored = { keys: ['two/1', 'two/2', 'two/3'], position: loadPosition(1, 2n) }
  expect(await bench.ask(9)).toMatchObject({ state: 'complete' })
  expect(bench.landed).toEqual(['one/1', 'one/2', 'two/1', 'two/2', 'two/3'])
})
