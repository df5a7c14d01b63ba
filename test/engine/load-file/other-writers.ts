import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { Writable } from 'node:stream'
import { parquetWriteBuffer } from 'hyparquet-writer'
import { EnabledStatistics, readParquet, WriterPropertiesBuilder, writeParquet } from 'parquet-wasm'
import type { DuckEngine } from '../../../engine/duckdb/duck-engine.ts'
import { literal } from '../../../lake/sql/sql-text.ts'
import type { SourceColumn } from './any-load.ts'
import type { SchemaElement } from './dms-file.ts'

/** Writes the rows of a file by DuckDB once more; undefined where the writer has no such type. */
export type OtherWriter = (
  engine: DuckEngine,
  path: string,
  columns: readonly Pick<SourceColumn, 'name' | 'sqlType'>[],
) => Promise<Uint8Array | undefined>

/** Peers whose files are read as a full load's: what they share with DuckDB and with our writer is the format alone. */
export const otherWriters: Readonly<Record<string, OtherWriter>> = {
  'DuckDB, as it likes': async (_engine, path) => readFile(path),
  'arrow-rs': arrowRs(EnabledStatistics.Chunk, true, 4),
  'arrow-rs, plain, bounds of pages': arrowRs(EnabledStatistics.Page, false, 100),
  'arrow-rs, no bounds': arrowRs(EnabledStatistics.None, true, 100),
  hyparquet: hyparquet({ statistics: true, rowGroupSize: 100 }),
  'hyparquet, groups of one row': hyparquet({ statistics: true, rowGroupSize: 1 }),
  'hyparquet, short bounds': hyparquet({ statistics: true, rowGroupSize: 4, statisticsTruncateLength: 1 }),
  'hyparquet, no bounds': hyparquet({ statistics: false, rowGroupSize: 100 }),
  'parquetjs-lite': parquetjs(true),
  'parquetjs-lite, pages of version 1': parquetjs(false),
}

function arrowRs(statistics: EnabledStatistics, dictionary: boolean, rowGroup: number): OtherWriter {
  return async (_engine, path) => {
    /* Each takes what it is given: a builder is gone once it built. */
    const properties = new WriterPropertiesBuilder()
      .setStatisticsEnabled(statistics)
      .setDictionaryEnabled(dictionary)
      .setMaxRowGroupSize(rowGroup)
      .setCreatedBy('AWS')
      .build()
    return writeParquet(readParquet(await readFile(path)), properties)
  }
}

type Element = Omit<SchemaElement, 'name' | 'repetition_type'>

interface Physical {
  readonly element: Element
  readonly parquetjs?: string
  /** What is asked of DuckDB: text that `value` reads. */
  readonly sql: (ref: string) => string
  readonly value: (text: string) => unknown
}

const asText = (ref: string) => `CAST(${ref} AS VARCHAR)`
const integer: Pick<Physical, 'sql' | 'value'> = { sql: asText, value: Number }
const long: Pick<Physical, 'sql' | 'value'> = { sql: asText, value: BigInt }
const float: Pick<Physical, 'sql' | 'value'> = {
  sql: (ref) => `CAST(CAST(${ref} AS DOUBLE) AS VARCHAR)`,
  value: (text) => Number(text.replace('inf', 'Infinity')),
}
const bytes = (hex: string) => Buffer.from(hex, 'hex')

const PHYSICAL: Readonly<Record<string, Physical>> = {
  SMALLINT: { element: { type: 'INT32', converted_type: 'INT_16' }, parquetjs: 'INT_16', ...integer },
  INTEGER: { element: { type: 'INT32' }, parquetjs: 'INT32', ...integer },
  BIGINT: { element: { type: 'INT64' }, parquetjs: 'INT64', ...long },
  DOUBLE: { element: { type: 'DOUBLE' }, parquetjs: 'DOUBLE', ...float },
  FLOAT: { element: { type: 'FLOAT' }, parquetjs: 'FLOAT', ...float },
  BOOLEAN: {
    element: { type: 'BOOLEAN' },
    parquetjs: 'BOOLEAN',
    sql: asText,
    value: (text) => text === 'true',
  },
  DATE: {
    element: { type: 'INT32', converted_type: 'DATE' },
    /* Infinities have no days; the format's ends are what DuckDB has for them. */
    sql: (
      ref,
    ) => `CASE CAST(${ref} AS VARCHAR) WHEN 'infinity' THEN '2147483647' WHEN '-infinity' THEN '-2147483647'
      ELSE CAST(datediff('day', DATE '1970-01-01', ${ref}) AS VARCHAR) END`,
    value: Number,
  },
  TIMESTAMPTZ: {
    element: { type: 'INT64', converted_type: 'TIMESTAMP_MICROS' },
    sql: (ref) => `CASE CAST(${ref} AS VARCHAR) WHEN 'infinity' THEN '9223372036854775807'
      WHEN '-infinity' THEN '-9223372036854775807' ELSE CAST(epoch_us(${ref}) AS VARCHAR) END`,
    value: BigInt,
  },
  TIME: {
    element: { type: 'INT64', converted_type: 'TIME_MICROS' },
    sql: (ref) => `CAST(epoch_us(${ref}) AS VARCHAR)`,
    value: BigInt,
  },
  BLOB: {
    element: { type: 'BYTE_ARRAY' },
    parquetjs: 'BYTE_ARRAY',
    sql: (ref) => `hex(${ref})`,
    value: bytes,
  },
  VARCHAR: {
    element: { type: 'BYTE_ARRAY', converted_type: 'UTF8' },
    parquetjs: 'UTF8',
    /* As bytes: the client of DuckDB drops a U+FEFF in front of text. */
    sql: (ref) => `hex(encode(${ref}))`,
    value: (hex) => bytes(hex).toString('utf8'),
  },
}

function physicalOf(sqlType: string): Physical | undefined {
  const [, precision, scale] = /^DECIMAL\((\d+),(\d+)\)$/.exec(sqlType) ?? []
  if (precision === undefined) return PHYSICAL[sqlType]
  return {
    element: {
      type: 'FIXED_LEN_BYTE_ARRAY',
      type_length: 16,
      converted_type: 'DECIMAL',
      precision: Number(precision),
      scale: Number(scale),
    },
    sql: asText,
    value: (text) => BigInt(text.replace('.', '')),
  }
}

const TIME_OF_TRANSFER = { name: 'DMS_TIMESTAMP', sqlType: 'VARCHAR' }

async function valuesOf(
  engine: DuckEngine,
  path: string,
  physicals: readonly Physical[],
): Promise<readonly (readonly unknown[])[]> {
  const refs = physicals.map((_, index) => `c${index}`)
  const rows = await engine.rows(
    `SELECT ${physicals.map(({ sql }, index) => sql(`c${index}`)).join(', ')}
    FROM read_parquet(${literal(path)}) AS f(${refs.join(', ')})`,
  )
  return physicals.map(({ value }, index) =>
    rows.map((row) => (row[index] === null ? null : value(String(row[index])))),
  )
}

type HyparquetOptions = Pick<
  Parameters<typeof parquetWriteBuffer>[0],
  'statistics' | 'statisticsTruncateLength' | 'rowGroupSize'
>

function hyparquet(options: HyparquetOptions): OtherWriter {
  return async (engine, path, columns) => {
    const named = [TIME_OF_TRANSFER, ...columns].map(({ name, sqlType }) => ({
      name,
      physical: physicalOf(sqlType),
    }))
    const physicals = named.flatMap(({ physical }) => (physical === undefined ? [] : [physical]))
    if (physicals.length < named.length) return undefined
    const values = await valuesOf(engine, path, physicals)
    return new Uint8Array(
      parquetWriteBuffer({
        ...options,
        schema: [
          { name: 'root', num_children: named.length },
          ...named.map(({ name }, index) => ({
            name,
            repetition_type: 'OPTIONAL' as const,
            ...(physicals[index]?.element ?? {}),
          })),
        ],
        columnData: named.map(({ name }, index) => ({ name, data: [...(values[index] ?? [])] })),
      }),
    )
  }
}

interface Parquetjs {
  readonly ParquetSchema: new (fields: Readonly<Record<string, unknown>>) => unknown
  readonly ParquetWriter: {
    openStream(
      schema: unknown,
      stream: Writable,
      options: { readonly useDataPageV2: boolean; readonly rowGroupSize: number },
    ): Promise<{ appendRow(row: Readonly<Record<string, unknown>>): Promise<void>; close(): Promise<void> }>
  }
}

// The package has no type declarations: this is the part of it that is called.
const { ParquetSchema, ParquetWriter } = createRequire(import.meta.url)('parquetjs-lite') as Parquetjs

function parquetjs(useDataPageV2: boolean): OtherWriter {
  return async (engine, path, columns) => {
    const named = [TIME_OF_TRANSFER, ...columns].map(({ name, sqlType }) => ({
      name,
      physical: physicalOf(sqlType),
    }))
    const physicals = named.flatMap(({ physical }) => (physical?.parquetjs === undefined ? [] : [physical]))
    /* It splits names at their dots, and takes `__proto__` for what every object has. */
    if (physicals.length < named.length || named.some(({ name }) => /^__|[.]/.test(name))) return undefined
    const values = await valuesOf(engine, path, physicals)
    /* It counts in doubles, and has no NaN. */
    if (values.some((column) => column.some((value) => !isHeld(value)))) return undefined
    const fields = Object.fromEntries(
      named.map(({ name, physical }) => [name, { type: physical?.parquetjs, optional: true }]),
    )
    const rows = Array.from({ length: values[0]?.length ?? 0 }, (_, row) =>
      Object.fromEntries(named.map(({ name }, index) => [name, plain(values[index]?.[row])])),
    )
    return parquetjsFile(fields, rows, useDataPageV2)
  }
}

/** A file of parquetjs-lite: fields and rows as it takes them, in row groups of two. */
export async function parquetjsFile(
  fields: Readonly<Record<string, unknown>>,
  rows: readonly Readonly<Record<string, unknown>>[],
  useDataPageV2 = true,
): Promise<Uint8Array> {
  const parts: Buffer[] = []
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      parts.push(Buffer.from(chunk))
      done()
    },
  })
  const options = { useDataPageV2, rowGroupSize: 2 }
  const writer = await ParquetWriter.openStream(new ParquetSchema(fields), stream, options)
  for (const row of rows) await writer.appendRow(row)
  await writer.close()
  return Buffer.concat(parts)
}

function isHeld(value: unknown): boolean {
  return typeof value === 'bigint' ? Number.isSafeInteger(Number(value)) : !Number.isNaN(value)
}

function plain(value: unknown): unknown {
  return typeof value === 'bigint' ? Number(value) : value
}
