import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { col, type Table, table } from '../../core/contract/index.ts'
import { loadPrefix } from '../../core/load/load.ts'
import type { ObjectFiles, QuarantineEntry } from '../../core/ports/ports.ts'
import { loadPosition } from '../../core/position.ts'
import { catalogTable } from '../../glue/catalog-table.ts'
import { landLoadFile, type OpenLoadFile, type Rewritten } from '../../ingest/land/land-load-file.ts'
import { parseLoadFileName } from '../../ingest/land/load-file-name.ts'
import { listHistory } from '../../lake/compaction/plan/history-listing.ts'
import { MemoryCatalog, MemoryObjects, MemoryQuarantine } from './memory-ports.ts'

const position = loadPosition(1, 16n)
const key = 'landing/loads/l1/public/shops/LOAD00000001.parquet'
const request = { key, version: 'etag-1', position, revision: 0, ingestDate: '2026-11-23' }

function shops(version: number): Table {
  return table({
    name: 'retail.shops',
    version,
    owner: 'tests',
    description: 'Shops.',
    source: { system: 'tests', table: 'public.shops' },
    primaryKey: ['shop_id'],
    unknownFields: 'keep',
    columns: { shop_id: col.bigint('Key', { from: 'id' }), city: col.string('Town', { nullable: true }) },
  })
}

const entry = (id: string): QuarantineEntry => ({
  id,
  stage: 'format',
  table: 'public.shops',
  contract: { name: 'retail.shops', version: 1 },
  position,
  reasons: [],
  payload: '{}',
  encoding: 'json',
})

/* A file of three rows that is opened without an engine; what is written has its contract as content. */
class Bench {
  readonly objects = new MemoryObjects()
  readonly catalog = new MemoryCatalog()
  readonly quarantine = new MemoryQuarantine()
  columns: readonly string[] = ['id', 'city']
  /** Rows of each history file of a contract, by version. */
  files: Readonly<Record<number, readonly number[]>> = { 1: [3], 2: [2] }
  isUnreadableFor: number | undefined
  /** Rows of the file that are neither written nor refused. */
  lost = 0
  closed = 0
  private readonly scratch = new Map<string, string>()

  async land(tables: readonly Table[], given = request) {
    if ((await this.catalog.entries()).length === 0)
      await this.catalog.registerTables([shops(1), shops(2)].map(catalogTable))
    const files: Pick<ObjectFiles, 'publish'> = {
      publish: async (path, target) => {
        await this.objects.put(target, Buffer.from(this.scratch.get(path) ?? ''))
        return { bytes: 7, sha256: undefined }
      },
    }
    const { catalog, quarantine, objects } = this
    return landLoadFile(given, { tables, catalog, quarantine, objects, files, open: async () => this.open() })
  }

  private open(): OpenLoadFile {
    return {
      rows: 3,
      columns: this.columns,
      prepare: async ({ version }) => {
        if (version === this.isUnreadableFor) throw new Error('unreadable')
        return { finish: (refuse) => this.finish(version, refuse) }
      },
      close: async () => {
        this.closed += 1
      },
    }
  }

  private async finish(
    version: number,
    refuse: (entries: readonly QuarantineEntry[]) => Promise<void>,
  ): Promise<Rewritten> {
    const files = (this.files[version] ?? []).map((rows, index) => ({ path: `${version}/${index}`, rows }))
    for (const { path } of files) this.scratch.set(path, `v${version}`)
    const landed = files.reduce((sum, { rows }) => sum + rows, 0)
    if (landed < 3) await refuse([entry(`refused by v${version}`)])
    return { files, landed, refused: Math.max(3 - landed - this.lost, 0) }
  }
}

const FILE =
  /^lake\/retail\/shops_v1_history\/ingest_date=2026-11-23\/load-l1-public\.shops-LOAD00000001-[0-9a-f]{16}\.parquet$/

describe('landing a load file', () => {
  test('G1: every contract of the table gets history, a partition, and its refusals in quarantine', async () => {
    const bench = new Bench()
    const landed = await bench.land([shops(1), shops(2)])
    expect(landed).toMatchObject({ key, table: 'public.shops', rows: 3 })
    expect(landed.contracts).toMatchObject([
      { contract: 'retail.shops v1', landed: 3, refused: 0, files: [{ rows: 3, bytes: 7 }] },
      { contract: 'retail.shops v2', landed: 2, refused: 1, files: [{ rows: 2, bytes: 7 }] },
    ])
    expect(landed.contracts[0]?.files[0]?.key).toMatch(FILE)
    expect([...bench.quarantine.entries.keys()]).toEqual(['refused by v2'])
    expect((await bench.catalog.entries()).map(({ partitions }) => partitions)).toEqual([
      ['2026-11-23'],
      ['2026-11-23'],
    ])
    expect(bench.closed).toBe(1)
  })

  test('G3: landing again overwrites, and takes away what an earlier landing made more of', async () => {
    const bench = new Bench()
    bench.files = { 1: [1, 1, 1] }
    const first = await bench.land([shops(1)])
    expect(first.contracts[0]?.files).toHaveLength(3)
    bench.files = { 1: [1, 2] }
    const again = await bench.land([shops(1)])
    expect(await bench.objects.list('')).toEqual(again.contracts[0]?.files.map((file) => file.key).sort())
    expect(await bench.objects.list('')).toHaveLength(2)
  })

  test('other content under the same key, and the same content under another, has files of its own', async () => {
    const bench = new Bench()
    await bench.land([shops(1)])
    await bench.land([shops(1)], { ...request, version: 'etag-2' })
    const segment = 'landing/loads/l1/public/shops/SEGMENT1_LOAD00000001.parquet'
    await bench.land([shops(1)], { ...request, key: segment })
    expect(await bench.objects.list('')).toHaveLength(3)
  })

  test('G2: compaction leaves out what a replay landed again until its revision is shown', async () => {
    const bench = new Bench()
    await bench.land([shops(1)])
    await bench.land([shops(1)], { ...request, revision: 3 })
    const [entry] = await bench.catalog.entries()
    if (entry === undefined) throw new Error('no entry')
    const keys = await bench.objects.list('')
    const listed = (revisions: readonly number[]) =>
      listHistory({ ...entry, revisions }, bench.objects, { retired: [] })
    expect(await listed([])).toMatchObject({
      files: [expect.stringMatching(FILE)],
      hidden: [expect.stringContaining('/replay-r000003-load-l1-')],
    })
    expect(await listed([3])).toMatchObject({ files: keys, hidden: [] })
  })

  test('a file of which every row is refused makes no partition', async () => {
    const bench = new Bench()
    bench.files = { 1: [] }
    expect((await bench.land([shops(1)])).contracts[0]).toMatchObject({ landed: 0, refused: 3, files: [] })
    expect((await bench.catalog.entries())[0]?.partitions).toEqual([])
  })
})

describe('G8: nothing is written', () => {
  const cases: readonly (readonly [string, Partial<typeof request>, readonly string[], RegExp, string])[] = [
    [
      'for a key of another kind',
      { key: 'landing/loads/l1/x.parquet' },
      ['id'],
      /expected the name/,
      'landing/corrupt',
    ],
    [
      'for a file without the key',
      {},
      ['city'],
      /expected the key of retail.shops v1 \(id\), found city/,
      'landing/corrupt',
    ],
    [
      'for a file of another table',
      {},
      ['a', 'b'],
      /expected columns of public.shops \(id\), found a, b/,
      'landing/corrupt',
    ],
    [
      'for a table that nothing reads',
      { key: key.replace('shops', 'toys') },
      ['id'],
      /no contract/,
      'format/no-contract',
    ],
  ]
  test.each(cases)('%s', async (_, given, columns, message, code) => {
    const bench = new Bench()
    bench.columns = columns
    const landed = bench.land([shops(1)], { ...request, ...given })
    await expect(landed).rejects.toMatchObject({ code, message: expect.stringMatching(message) })
    expect(await bench.objects.list('')).toEqual([])
  })

  test('when the last of the contracts finds that the file cannot be read', async () => {
    const bench = new Bench()
    bench.isUnreadableFor = 2
    await expect(bench.land([shops(1), shops(2)])).rejects.toThrow('unreadable')
    expect([await bench.objects.list(''), bench.quarantine.entries.size, bench.closed]).toEqual([[], 0, 1])
  })

  test('when the counts do not agree', async () => {
    const bench = new Bench()
    bench.files = { 1: [4] }
    await expect(bench.land([shops(1)])).rejects.toMatchObject({
      message: expect.stringMatching(/3 rows, but 4 landed/),
    })
    expect(await bench.objects.list('')).toEqual([])
  })

  test.each([
    ['landed', [2], 'but 2 landed and 0 were refused'],
    ['refused', [1], 'but 1 landed and 1 were refused'],
  ])(
    'G1: when a row of the file is neither landed nor refused, and others are %s',
    async (_, files, counts) => {
      const bench = new Bench()
      Object.assign(bench, { files: { 1: files }, lost: 1 })
      await expect(bench.land([shops(1)])).rejects.toThrow(counts)
      expect([await bench.objects.list(''), bench.closed]).toEqual([[], 1])
    },
  )
})

describe('names of load files', () => {
  test.each([
    ['LOAD0000000A.parquet', [], 'LOAD0000000A'],
    ['p=1/LOAD00000010.parquet', ['p=1'], 'LOAD00000010'],
    ['SEGMENT2_LOAD00000001.parquet.gz', [], 'SEGMENT2_LOAD00000001'],
  ])('%s', (file, segments, name) => {
    const read = parseLoadFileName(`landing/loads/l1/public/shops/${file}`)
    expect(read).toMatchObject({ load: 'l1', table: 'public.shops', segments, name })
  })

  test.each([
    '',
    'landing/loads/l1/public/LOAD00000001.parquet',
    'landing/changes/l1/a/b/LOAD00000001.parquet',
  ])('%j is none', (other) => expect(parseLoadFileName(other)).toBeUndefined())

  test('what loads write is read back, as it is and as S3 events have it', () => {
    const anyName = fc.string({ unit: 'binary', minLength: 1, maxLength: 8 })
    fc.assert(
      fc.property(anyName, anyName, (schema, name) => {
        fc.pre(!schema.includes('.'))
        const written = `${loadPrefix('l1', `${schema}.${name}`)}/LOAD00000001.parquet`
        const inEvent = encodeURIComponent(written).replaceAll('%2F', '/')
        for (const given of [written, inEvent])
          expect(parseLoadFileName(given)).toMatchObject({ key: written, table: `${schema}.${name}` })
      }),
    )
  })
})
