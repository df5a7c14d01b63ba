import { createHash } from 'node:crypto'
import { gzipSync } from 'node:zlib'
import { parquetReadObjects } from 'hyparquet'
import { beforeEach, describe, expect, test } from 'vitest'
import { encodeBlockHeader } from '../../core/block.ts'
import { table } from '../../core/contract/check/define-table.ts'
import { col } from '../../core/contract/language/column.ts'
import type { LakeRow } from '../../core/contract/language/lake-row.ts'
import { formatPosition } from '../../core/position.ts'
import { catalogTable } from '../../glue/catalog-table.ts'
import { type LandDeps, landObject } from '../../ingest/land/land-object.ts'
import { historyFiles } from '../../lake/history/history-file.ts'
import { MemoryCatalog, MemoryObjects } from './memory-ports.ts'

const base = {
  version: 1,
  owner: 'people-data@tidemark.example',
  description: 'One row each.',
  primaryKey: ['id'],
  unknownFields: 'keep',
  columns: { id: col.bigint('Number'), note: col.string('Text', { nullable: true }) },
} as const
const shifts = table({ ...base, name: 'hr.shifts', source: { system: 'hr', table: 'public.shifts' } })
const shiftsV2 = table({
  ...base,
  name: 'hr.shifts',
  version: 2,
  source: { system: 'hr', table: 'public.shifts' },
})
const shops = table({ ...base, name: 'hr.shops', source: { system: 'hr', table: 'public.shops' } })
const unregistered = table({ ...base, name: 'hr.doors', source: { system: 'hr', table: 'public.doors' } })

const KEY = 'landing/changes/2026/03/02/08/2026-03-02T08-15-31-000Z-000001.ndjson.gz'
const commit = Date.UTC(2026, 2, 2, 8)

const at = (ordinal: number) => formatPosition({ epoch: 0, lsn: 7n, ordinal, step: 0 })
const header = ({ name, version }: { name: string; version: number }) =>
  encodeBlockHeader({ table: name, version, columns: ['id', 'note'] })
const line = (row: LakeRow) => `${JSON.stringify(row)}\n`
const insert = (ordinal: number, id: string, note: string | null = null) =>
  line(['insert', at(ordinal), 0, commit + ordinal, null, null, id, note])

let deps: LandDeps & { objects: MemoryObjects; catalog: MemoryCatalog }
beforeEach(async () => {
  const catalog = new MemoryCatalog()
  await catalog.registerTables([shifts, shiftsV2, shops].map(catalogTable))
  deps = {
    objects: new MemoryObjects(),
    catalog,
    historyFiles: historyFiles([shifts, shiftsV2, shops, unregistered]),
  }
})

async function land(text: string | Buffer, key = KEY) {
  await deps.objects.put(key, typeof text === 'string' ? gzipSync(text) : text)
  deps.objects.puts = 0
  return landObject(key, deps)
}

async function rowsOf(key: string) {
  const file = await deps.objects.get(key)
  const rows = await parquetReadObjects({ file: new Uint8Array(file).buffer })
  return rows.map(({ _op, _position, id, note }) => [_op, _position, id, note])
}

const path = (table: string, version = 1) =>
  `lake/hr/${table}_v${version}_history/ingest_date=2026-03-02/2026-03-02T08-15-31-000Z-000001.parquet`

test('G1: the rows of an object are in history, one file for each table version in it', async () => {
  const landed = await land(
    header(shifts) +
      insert(1, '9007199254740993', 'early') +
      header(shops) +
      insert(2, '5') +
      header(shifts) +
      insert(3, '2', '{[\n') +
      header(shiftsV2) +
      insert(4, '2'),
  )
  expect(landed.files).toEqual([
    { table: 'hr.shifts', version: 1, key: path('shifts'), rows: 2 },
    { table: 'hr.shops', version: 1, key: path('shops'), rows: 1 },
    { table: 'hr.shifts', version: 2, key: path('shifts', 2), rows: 1 },
  ])
  expect(await rowsOf(path('shifts'))).toEqual([
    ['insert', at(1), 9_007_199_254_740_993n, 'early'],
    ['insert', at(3), 2n, '{[\n'],
  ])
  expect(await rowsOf(path('shops'))).toEqual([['insert', at(2), 5n, null]])
  expect(await rowsOf(path('shifts', 2))).toEqual([['insert', at(4), 2n, null]])
})

test('the partition of its day is registered for each table in it, and for no other', async () => {
  await land(header(shifts) + insert(1, '1'))
  const entries = await deps.catalog.entries()
  expect(entries.map(({ table: { name, version }, partitions }) => [name, version, partitions])).toEqual([
    ['hr.shifts', 1, ['2026-03-02']],
    ['hr.shifts', 2, []],
    ['hr.shops', 1, []],
  ])
})

test('commit times are told, those of loads aside', async () => {
  const load = line(['load', at(0), 0, null, null, null, '1', null])
  const { commits } = await land(header(shifts) + load + insert(1, '2') + header(shops) + insert(2, '3'))
  expect(commits).toEqual([commit + 1, commit + 2])
})

test('a truncate is a floor of every version of the table', async () => {
  const truncate = line(['truncate', at(5), 0, commit, null, null, null, null])
  await land(header(shifts) + insert(1, '1') + truncate)
  const floors = (await deps.catalog.entries()).map((entry) => entry.floors)
  const floor = { position: at(5), reason: 'truncate' }
  expect(floors).toEqual([[floor], [floor], []])
})

test('G3: landed twice, the same files hold the same bytes', async () => {
  const text = header(shifts) + insert(1, '1', 'x') + header(shops) + insert(2, '5')
  const first = await land(text)
  const [objects, entries] = [new Map(deps.objects.objects), await deps.catalog.entries()]
  expect(await land(text)).toEqual(first)
  expect(deps.objects.objects).toEqual(objects)
  expect(await deps.catalog.entries()).toEqual(entries)
})

test('G10: an object that was landed in part is whole after landing it again', async () => {
  const text = header(shifts) + insert(1, '1') + header(shops) + insert(2, '5')
  const { registerPartition } = deps.catalog
  deps.catalog.registerPartition = () => Promise.reject(new Error('stopped'))
  await expect(land(text)).rejects.toThrow('stopped')
  deps.catalog.registerPartition = registerPartition
  await land(text)
  expect(await rowsOf(path('shifts'))).toHaveLength(1)
  expect(await rowsOf(path('shops'))).toHaveLength(1)
})

test('objects of different names make different files', async () => {
  await land(header(shifts) + insert(1, '1'))
  await land(header(shifts) + insert(2, '2'), KEY.replace('000001', '000002'))
  expect(await deps.objects.list('lake/')).toHaveLength(2)
})

test('compressed parts one after another, as Firehose may write them, are one object', async () => {
  const { files } = await land(
    Buffer.concat([gzipSync(header(shifts) + insert(1, '1')), gzipSync(insert(2, '2'))]),
  )
  expect(files).toMatchObject([{ rows: 2 }])
})

test('a header without rows and an object without blocks are no fault', async () => {
  expect((await land(header(shifts) + header(shops) + insert(1, '1'))).files).toMatchObject([
    { rows: 0 },
    { rows: 1 },
  ])
  expect((await land('')).files).toEqual([])
})

describe('G1: an object that cannot be read is landing/corrupt, and nothing is written', () => {
  const good = header(shops) + insert(1, '1')
  const zipped = gzipSync(good)
  test.each<[string, string | Buffer]>([
    ['no gzip', Buffer.from('Lovelace')],
    ['half a gzip', zipped.subarray(0, zipped.length / 2)],
    [
      'a gzip with a changed byte',
      Buffer.from(zipped.map((byte, i) => (i === zipped.length - 6 ? byte ^ 1 : byte))),
    ],
    [
      'a gzip that says another length',
      Buffer.concat([zipped.subarray(0, -4), Buffer.from([0xff, 0xff, 0xff, 0xff])]),
    ],
    ['less than a length', zipped.subarray(0, 3)],
    ['rows before a header', insert(1, 'Lovelace') + good],
    ['a table that nobody knows', good + header({ name: 'hr.gone', version: 1 }) + insert(2, '1')],
    ['a version that nobody knows', good + header({ name: 'hr.shops', version: 9 }) + insert(2, '1')],
    ['a table with a contract that the catalog lacks', good + header(unregistered) + insert(2, '1')],
    ['a row that is no JSON', `${good}["Lovelace\n`],
    ['a header that is no JSON', `${good}{"Lovelace\n`],
    ['a header of another format', `${good}{"block":2}\n`],
    ['a last row that is cut', good + insert(2, '2').slice(0, -3)],
    ['a last row without its line end', good + insert(2, '2').trimEnd()],
    ['a header alone without its line end', header(shops).trimEnd()],
    ['a value that its column cannot hold', good + insert(2, 'Lovelace')],
  ])('%s', async (_, content) => {
    const before = await deps.catalog.entries()
    const attempt = land(content)
    await expect(attempt).rejects.toMatchObject({ code: 'landing/corrupt' })
    expect(deps.objects.puts).toBe(0)
    expect(await deps.catalog.entries()).toEqual(before)
    /* G7: nor does the message quote what it could not read. */
    await expect(attempt).rejects.not.toThrow('Lovelace')
  })

  test.each([
    'landing/changes/2026/03/02/08/x.json',
    'landing/changes/2026/03/02/x.ndjson.gz',
    'landing/rejected/2026/03/02/08/x.ndjson.gz',
    'landing/changes/2026/03/02/08/../x.ndjson.gz',
  ])('the name %s', async (key) => {
    await expect(land(header(shifts) + insert(1, '1'), key)).rejects.toMatchObject({
      code: 'landing/corrupt',
    })
    expect(deps.objects.puts).toBe(0)
  })
})

test('an object that is gone is not called corrupt: the store throws', async () => {
  await expect(landObject(KEY, deps)).rejects.not.toMatchObject({ code: 'landing/corrupt' })
})

describe('the record of a landed object', () => {
  const label = (rows: number, ordinal = 0) => ({
    origin: 'page',
    page: 'p',
    ordinal,
    changes: rows,
    rows,
    digest: 'd',
    first: at(1),
    last: at(9),
  })
  const labelled = (rows: number, ordinal = 0) =>
    encodeBlockHeader({
      table: 'hr.shifts',
      version: 1,
      columns: ['id', 'note'],
      label: { ...label(rows, ordinal), origin: 'page' },
    })

  test('names every block in it and the files they are in', async () => {
    const { record } = await land(
      labelled(1) + insert(1, '1') + labelled(2, 1) + insert(2, '2') + insert(3, '3'),
    )
    const name = { contract: { name: 'hr.shifts', version: 1 } }
    expect(record).toEqual({
      object: KEY,
      blocks: [
        { ...name, ...label(1) },
        { ...name, ...label(2, 1) },
      ],
      files: [
        {
          table: 'hr.shifts',
          version: 1,
          day: '2026-03-02',
          removed: [],
          added: [
            {
              key: path('shifts'),
              rows: 3,
              bytes: expect.any(Number),
              first: at(1),
              last: at(9),
              sha256: expect.any(String),
            },
          ],
        },
      ],
    })
    const content = await deps.objects.get(path('shifts'))
    expect(record.files[0]?.added[0]).toMatchObject({
      bytes: content.length,
      sha256: createHash('sha256').update(content).digest('hex'),
    })
  })

  test('G1 a block that lost a row lands nothing of its object', async () => {
    const text = labelled(1) + insert(1, '1') + labelled(2, 1) + insert(2, '2')
    await expect(land(header(shops) + insert(4, '4') + text)).rejects.toMatchObject({
      code: 'landing/corrupt',
    })
    expect(deps.objects.puts).toBe(0)
  })
})

test('G2: what comes late for a day that is folded whole goes to the first open day, where readers look', async () => {
  await deps.catalog.publishBase('hr.shifts', 1, {
    build: 1,
    position: at(9),
    openSince: '2026-03-05',
    historyFrom: null,
    folded: [],
    parts: [],
    tombstones: [],
    rows: 0,
  })
  const { files, record } = await land(header(shifts) + insert(1, '1') + header(shops) + insert(2, '5'))
  expect(files.map(({ key }) => key)).toEqual([
    path('shifts').replace('ingest_date=2026-03-02', 'ingest_date=2026-03-05'),
    path('shops'),
  ])
  expect(record.files.map(({ day }) => day)).toEqual(['2026-03-05', '2026-03-02'])
  expect((await deps.catalog.entries())[0]?.partitions).toEqual(['2026-03-05'])
})
