import { readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { parquetMetadata, parquetReadObjects } from 'hyparquet'
import { parquetWriteBuffer } from 'hyparquet-writer'
import { describe, expect, test } from 'vitest'
import { col, type Table, table } from '../../../core/contract/index.ts'
import { lakeColumns } from '../../../core/contract/language/lake-columns.ts'
import { JsonNumber, type JsonObject } from '../../../core/json.ts'
import type { DuckEngine } from '../../../engine/duckdb/duck-engine.ts'
import { openLoadFile } from '../../../engine/load-file/open-load-file.ts'
import { historyFields } from '../../../lake/history/history-fields.ts'
import { historyFiles } from '../../../lake/history/history-file.ts'
import { type DmsFileOptions, dmsFile, type SchemaElement } from './dms-file.ts'
import { maskKey, openEngine, position, reference, refusals, rewritten, scratchFiles } from './load-run.ts'
import { parquetjsFile } from './other-writers.ts'

const filesTable = table({
  name: 't.files',
  version: 1,
  owner: 'tests',
  description: 'One column for each type of a DMS file.',
  source: { system: 'tests', table: 'public.files' },
  primaryKey: ['id'],
  unknownFields: 'keep',
  columns: {
    id: col.bigint('Key'),
    level: col.smallint('Level', { max: 5 }),
    amount: col.decimal(15, 2, 'Amount', { nullable: true }),
    ratio: col.double('Ratio', { nullable: true }),
    name: col.string('Name', { nullable: true, pii: 'name' }),
    raw: col.binary('Bytes', { nullable: true }),
    seen_at: col.timestampMicros('Instant'),
    active: col.boolean('Flag', { nullable: true }),
    born: col.date('Day'),
  },
})

/* Independent of any reader: what the stream would carry of the rows of `dmsFile`. */
function streamRows({
  rows,
  isMillis = false,
  without = [],
  hasUnknown = false,
  hasTextBooleans = false,
}: DmsFileOptions): readonly JsonObject[] {
  return Array.from({ length: rows }, (_, row) => {
    const isThird = row % 3 === 2
    const cents = row * 101 - 500
    const instant = new Date(Date.UTC(2022, 6, 26, 6, 46, 18, 616) + row * 1000).toISOString().slice(0, -1)
    const data: JsonObject = {
      id: row,
      level: row % 7,
      amount: isThird ? null : new JsonNumber((cents / 100).toFixed(2)),
      ratio: isThird ? null : new JsonNumber(String(row / 7)),
      name: isThird ? null : `né ${row} 😀`,
      raw: isThird ? null : Buffer.from([0, row % 256, 255]).toString('hex'),
      seen_at: `${instant}${isMillis ? '000' : '807'}Z`,
      active: isThird ? null : hasTextBooleans ? String(row % 2 === 0) : row % 2 === 0,
      born: new Date(row * 86_400_000).toISOString().slice(0, 10),
      ...(hasUnknown ? { 'Later Added': isThird ? null : `"${row}"` } : {}),
    }
    return Object.fromEntries(Object.entries(data).filter(([name]) => !without.includes(name)))
  })
}

async function land(engine: DuckEngine, folder: string, content: Uint8Array, contract: Table = filesTable) {
  const path = join(folder, 'LOAD00000001.parquet')
  await writeFile(path, content)
  return rewritten(engine, folder, path, contract)
}

const shapes: readonly DmsFileOptions[] = [
  { rows: 10 },
  { rows: 10, isMillis: true, hasTextBooleans: true },
  { rows: 10, hasOp: true, codec: 'SNAPPY' },
  { rows: 10, codec: 'GZIP', hasUnknown: true },
  { rows: 10, without: ['ratio', 'active'] },
  { rows: 21_000 },
  { rows: 0 },
]

describe('files as DMS writes them', () => {
  test.each(shapes)('G2, G5: %j', async (shape) => {
    const { engine, folder } = await openEngine()
    const outcome = await land(engine, folder, dmsFile(shape))
    const expected = await reference(engine, folder, streamRows(shape), filesTable)
    expect(outcome.rows.length + outcome.refused.length).toBe(shape.rows)
    expect(outcome.rows).toEqual(expected.rows)
    expect(refusals(outcome.refused)).toEqual(refusals(expected.refused))
    /* One in seven is above the bound of `level`: nothing else goes to the row codec, save unknown text with quotes. */
    if (shape.hasUnknown !== true) expect(outcome.passedOn).toBe(outcome.refused.length)
  })

  test('a whole file that is gzipped is unzipped first', async () => {
    const { engine, folder } = await openEngine()
    const plain = await land(engine, folder, dmsFile({ rows: 50 }))
    const zipped = await land(engine, folder, gzipSync(dmsFile({ rows: 50 })))
    expect(zipped).toEqual(plain)
  })

  test('history has its columns, in its order, and says its table, for another reader', async () => {
    const { engine, folder } = await openEngine()
    const path = join(folder, 'LOAD00000001.parquet')
    await writeFile(path, dmsFile({ rows: 5 }))
    const deps = {
      engine,
      files: scratchFiles(folder, path),
      historyFiles: historyFiles([filesTable]),
      key: maskKey,
    }
    const file = await openLoadFile('k', 'public.files', new Set(), deps)
    const prepared = await file.prepare(filesTable, { position, revision: 3 })
    const { files, landed, refused } = await prepared.finish(async () => undefined)
    expect({ rows: file.rows, landed, refused, files: files.length }).toEqual({
      rows: 5,
      landed: 5,
      refused: 0,
      files: 1,
    })
    const made = files[0]?.path ?? ''
    const { key_value_metadata: said, schema } = parquetMetadata(new Uint8Array(await readFile(made)).buffer)
    expect(said).toEqual([
      { key: 'tidemark.table', value: 't.files' },
      { key: 'tidemark.version', value: '1' },
    ])
    /* `_absent` is a list, whose two inner levels have names of their own. */
    const flat = schema.slice(1).map(({ name }) => name)
    expect(flat.filter((name) => name !== 'list' && name !== 'element')).toEqual(
      historyFields(lakeColumns(filesTable)).map(({ name }) => name),
    )
    /* Zstandard is not in every Node: the pages are written again for the other reader, the values are the same. */
    const copy = join(folder, 'copy.parquet')
    await engine.run(
      `COPY (SELECT * FROM read_parquet('${made}')) TO '${copy}' (FORMAT parquet, COMPRESSION snappy)`,
    )
    const rows = await parquetReadObjects({ file: new Uint8Array(await readFile(copy)).buffer, utf8: false })
    await rm(copy)
    const { _absent: absent, ...second } = rows[1] ?? {}
    expect(absent ?? null).toBeNull()
    expect(second).toEqual({
      _op: 'load',
      _position: position,
      _revision: 3,
      _committed_at: null,
      _extra: null,
      id: 1n,
      level: 1,
      amount: -3.99,
      ratio: 1 / 7,
      name: 'n***',
      raw: new Uint8Array([0, 1, 255]),
      seen_at: new Date('2022-07-26T06:46:19.616Z'),
      seen_at_micros: 1_658_817_979_616_807n,
      active: false,
      born: new Date('1970-01-02'),
    })
    await file.close()
    expect((await readdir(folder)).filter((name) => name !== 'LOAD00000001.parquet')).toEqual([])
  })
})

const sound = dmsFile({ rows: 3000 })

/* The first page of the key: bytes that are no page header. */
function withGarbage(): Buffer {
  const damaged = Buffer.from(sound)
  const { row_groups: groups } = parquetMetadata(new Uint8Array(sound).buffer)
  const key = groups[0]?.columns.find(({ meta_data: data }) => data?.path_in_schema[0] === 'id')?.meta_data
  const start = Number(key?.dictionary_page_offset ?? key?.data_page_offset)
  damaged.fill(0xff, start, start + 40)
  return damaged
}

const broken: readonly {
  readonly what: string
  readonly content: () => Uint8Array
  readonly reason: RegExp
}[] = [
  { what: 'an empty object', content: () => Buffer.alloc(0), reason: /found 0 bytes/ },
  {
    what: 'other content',
    content: () => Buffer.from('id,name\n1,Ada\n'),
    reason: /expected Parquet, which begins with/,
  },
  {
    what: 'a file that is cut off',
    content: () => sound.subarray(0, sound.length - 9),
    reason: /cut off after \d+ bytes/,
  },
  {
    what: 'a footer that is no footer',
    content: () => Buffer.concat([sound.subarray(0, 4), Buffer.alloc(64, 7), sound.subarray(-8)]),
    reason: /expected Parquet that can be read whole/,
  },
  { what: 'an encrypted file', content: () => Buffer.from('PARE        PARE'), reason: /encrypted/ },
  { what: 'a page that is garbage', content: withGarbage, reason: /expected Parquet that can be read whole/ },
  {
    what: 'a gzip that is cut off',
    content: () => gzipSync(sound).subarray(0, 900),
    reason: /gzip file.*breaks off/,
  },
  {
    what: 'a gzip of something else',
    content: () => gzipSync('id,name'),
    reason: /expected Parquet, which begins/,
  },
  {
    what: 'rows of ongoing replication',
    content: () => dmsFile({ rows: 4, hasOp: true, op: 'U' }),
    reason: /found 4 others/,
  },
]

describe('files that are set aside whole', () => {
  test.each(broken)('$what', async ({ content, reason }) => {
    const { engine, folder } = await openEngine()
    const landed = land(engine, folder, content())
    await expect(landed).rejects.toMatchObject({
      code: 'landing/corrupt',
      message: expect.stringMatching(reason),
    })
    expect((await readdir(folder)).filter((name) => name !== 'LOAD00000001.parquet')).toEqual([])
  })

  test('a column whose type can have no value of the contract', async () => {
    const { engine, folder } = await openEngine()
    const other = { ...filesTable, columns: { ...filesTable.columns, born: col.boolean('Not a day') } }
    await expect(land(engine, folder, dmsFile({ rows: 2 }), other)).rejects.toMatchObject({
      code: 'landing/corrupt',
      message: 'k: expected boolean in column born for t.files v1, found date',
    })
  })
})

/* One column beside a key, of a type that DuckDB reads otherwise than it is. */
function columnFile(element: Omit<SchemaElement, 'name'>, data: readonly bigint[]): Uint8Array {
  const schema: SchemaElement[] = [
    { name: 'root', num_children: 2 },
    { name: 'id', type: 'INT64', repetition_type: 'REQUIRED' },
    { name: 'seen_at', repetition_type: 'OPTIONAL', ...element },
  ]
  const columnData = [
    { name: 'id', data: data.map((_, row) => BigInt(row)) },
    { name: 'seen_at', data: [...data] },
  ]
  return new Uint8Array(parquetWriteBuffer({ schema, columnData }))
}

describe('types that the engine reads, but not exactly', () => {
  test.each<{ readonly found: string; readonly element: Omit<SchemaElement, 'name'> }>([
    {
      found: 'nanoseconds',
      element: { type: 'INT64', logical_type: { type: 'TIMESTAMP', isAdjustedToUTC: true, unit: 'NANOS' } },
    },
    {
      found: 'a decimal of 40 digits',
      element: {
        type: 'FIXED_LEN_BYTE_ARRAY',
        type_length: 17,
        converted_type: 'DECIMAL',
        precision: 40,
        scale: 2,
      },
    },
  ])('G6: $found', async ({ found, element }) => {
    const { engine, folder } = await openEngine()
    await expect(land(engine, folder, columnFile(element, [1n, 1500n]))).rejects.toMatchObject({
      code: 'landing/corrupt',
      message: `k: expected a type of full loads in column seen_at, found ${found}`,
    })
  })

  test('G6: INT96', async () => {
    const { engine, folder } = await openEngine()
    const content = await parquetjsFile({ id: { type: 'INT64' }, seen_at: { type: 'INT96' } }, [
      { id: 1, seen_at: 1 },
    ])
    await expect(land(engine, folder, content)).rejects.toMatchObject({
      code: 'landing/corrupt',
      message: 'k: expected a type of full loads in column seen_at, found INT96, which is in nanoseconds',
    })
  })
})

test('G3: a file that was replaced under its key is read anew', async () => {
  const { engine, folder } = await openEngine()
  for (let round = 0; round < 20; round += 1) {
    const contract = { ...filesTable, columns: { ...filesTable.columns, level: col.smallint('Level') } }
    const isMillis = round % 2 === 0
    const outcome = await land(engine, folder, dmsFile({ rows: 3, isMillis }), contract)
    const expected = await reference(engine, folder, streamRows({ rows: 3, isMillis }), contract)
    expect(outcome.rows).toEqual(expected.rows)
  }
})
