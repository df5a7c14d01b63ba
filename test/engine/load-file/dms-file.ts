import { gzipSync } from 'node:zlib'
import { parquetWriteBuffer } from 'hyparquet-writer'

/** A file as DMS writes it: another writer than the engine that reads it. */
export interface DmsFileOptions {
  readonly rows: number
  /** Millis as DMS with ParquetTimestampInMillisecond, else micros. */
  readonly isMillis?: boolean
  readonly hasOp?: boolean
  /** Of each row, where `hasOp`. */
  readonly op?: string
  /** Booleans as DMS has them without MapBooleanAsBoolean. */
  readonly hasTextBooleans?: boolean
  readonly codec?: 'UNCOMPRESSED' | 'SNAPPY' | 'GZIP'
  /** Source columns left out. */
  readonly without?: readonly string[]
  /** Columns that no contract names. */
  readonly hasUnknown?: boolean
}

/** An element of a file's schema, as the writer takes it. */
export type SchemaElement = NonNullable<Parameters<typeof parquetWriteBuffer>[0]['schema']>[number]

interface Field {
  readonly element: SchemaElement
  readonly value: (row: number) => unknown
}

/** Rows 0, 1, …, of `files_table`: every third has nulls. Instants are 2022-07-26T06:46:18.616807Z and a second for each row on. */
export function dmsFile({
  rows,
  isMillis = false,
  hasOp = false,
  op = 'I',
  hasTextBooleans = false,
  codec = 'UNCOMPRESSED',
  without = [],
  hasUnknown = false,
}: DmsFileOptions): Buffer {
  const unlessThird = (value: (row: number) => unknown) => (row: number) =>
    row % 3 === 2 ? null : value(row)
  const time = isMillis
    ? (row: number) => BigInt(BASE_MILLIS + row * 1000)
    : (row: number) => BigInt(BASE_MILLIS + row * 1000) * 1000n + 807n
  const fields: readonly Field[] = [
    { element: text('DMS_TIMESTAMP', 'REQUIRED'), value: () => '2022-07-26 06:46:18.616807' },
    ...(hasOp ? [{ element: text('Op'), value: () => op }] : []),
    { element: optional('id', { type: 'INT64' }), value: (row) => BigInt(row) },
    { element: optional('level', { type: 'INT32', converted_type: 'INT_16' }), value: (row) => row % 7 },
    {
      element: optional('amount', {
        type: 'FIXED_LEN_BYTE_ARRAY',
        type_length: 7,
        converted_type: 'DECIMAL',
        precision: 15,
        scale: 2,
      }),
      value: unlessThird((row) => BigInt(row * 101 - 500)),
    },
    { element: optional('ratio', { type: 'DOUBLE' }), value: unlessThird((row) => row / 7) },
    { element: text('name'), value: unlessThird((row) => `né ${row} 😀`) },
    {
      element: optional('raw', { type: 'BYTE_ARRAY' }),
      value: unlessThird((row) => Buffer.from([0, row % 256, 255])),
    },
    {
      element: optional('seen_at', {
        type: 'INT64',
        converted_type: isMillis ? 'TIMESTAMP_MILLIS' : 'TIMESTAMP_MICROS',
      }),
      value: time,
    },
    hasTextBooleans
      ? { element: text('active'), value: unlessThird((row) => String(row % 2 === 0)) }
      : { element: optional('active', { type: 'BOOLEAN' }), value: unlessThird((row) => row % 2 === 0) },
    { element: optional('born', { type: 'INT32', converted_type: 'DATE' }), value: (row) => row },
    ...(hasUnknown ? [{ element: text('Later Added'), value: unlessThird((row) => `"${row}"`) }] : []),
  ]
  const kept = fields.filter(({ element }) => !without.includes(element.name))
  const schema: SchemaElement[] = [
    { name: 'root', num_children: kept.length },
    ...kept.map(({ element }) => element),
  ]
  const columnData = kept.map(({ element, value }) => ({
    name: element.name,
    data: Array.from({ length: rows }, (_, row) => value(row)),
  }))
  const compressors = { GZIP: (input: Uint8Array) => new Uint8Array(gzipSync(input)) }
  const file = parquetWriteBuffer({
    columnData,
    schema,
    codec,
    compressors,
    rowGroupSize: 10_000,
    createdBy: 'AWS',
  })
  return Buffer.from(file)
}

const BASE_MILLIS = Date.UTC(2022, 6, 26, 6, 46, 18, 616)

function optional(name: string, rest: Omit<SchemaElement, 'name' | 'repetition_type'>): SchemaElement {
  return { name, repetition_type: 'OPTIONAL', ...rest }
}

function text(name: string, repetition: 'REQUIRED' | 'OPTIONAL' = 'OPTIONAL'): SchemaElement {
  return { name, type: 'BYTE_ARRAY', converted_type: 'UTF8', repetition_type: repetition }
}
