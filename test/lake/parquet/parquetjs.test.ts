import { createRequire } from 'node:module'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { ParquetField, ParquetType, ParquetValue } from '../../../lake/parquet/values/field.ts'
import { runs } from '../../support/budget.ts'
import { encode } from './readers.ts'

interface Cursor {
  next(): Promise<Readonly<Record<string, unknown>> | null>
}

interface Parquetjs {
  readonly ParquetReader: {
    openBuffer(file: Buffer): Promise<{ getCursor(): Cursor; getSchema(): unknown; close(): Promise<void> }>
  }
}

// The package has no type declarations: this is the part of it that the test calls.
const { ParquetReader } = createRequire(import.meta.url)('parquetjs-lite') as Parquetjs

async function read(file: Uint8Array): Promise<Readonly<Record<string, unknown>>[]> {
  const reader = await ParquetReader.openBuffer(Buffer.from(file))
  const cursor = reader.getCursor()
  const rows: Readonly<Record<string, unknown>>[] = []
  for (let row = await cursor.next(); row !== null; row = await cursor.next()) rows.push(row)
  await reader.close()
  return rows
}

interface Known {
  readonly type: ParquetType
  readonly value: fc.Arbitrary<ParquetValue>
  readonly read: (value: NonNullable<ParquetValue>) => unknown
}

/** The types that parquetjs-lite reads (it fails on every timestamp of 64 bits), and what it makes of their values. */
const known: Readonly<Record<string, Known>> = {
  boolean: { type: { kind: 'boolean' }, value: fc.boolean(), read: (value) => value },
  int32: { type: { kind: 'int32' }, value: fc.integer(), read: (value) => value },
  int64: {
    type: { kind: 'int64' },
    value: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
    read: (value) => value,
  },
  float: { type: { kind: 'float' }, value: fc.float({ noNaN: true }), read: (value) => value },
  double: { type: { kind: 'double' }, value: fc.double({ noNaN: true }), read: (value) => value },
  string: {
    type: { kind: 'string' },
    value: fc.string({ unit: 'binary', maxLength: 40 }),
    read: (value) => value,
  },
  binary: {
    type: { kind: 'binary' },
    value: fc.uint8Array({ maxLength: 40 }),
    read: (value) => (value instanceof Uint8Array ? Buffer.from(value) : value),
  },
  date: {
    type: { kind: 'int32', logical: 'date' },
    value: fc.integer({ min: -90_000, max: 90_000 }),
    read: (value) => new Date(Number(value) * 86_400_000),
  },
}

const row = fc.record(
  Object.fromEntries(Object.entries(known).map(([name, { value }]) => [name, fc.option(value)])),
)

test('parquetjs-lite reads the same values from a file without dictionaries', async () => {
  const fields: ParquetField[] = Object.entries(known).map(([name, { type }]) => ({
    name,
    type,
    nullable: true,
  }))
  await fc.assert(
    fc.asyncProperty(fc.array(row, { maxLength: 60 }), async (rows) => {
      const table = { fields, rows: rows.map((values) => fields.map(({ name }) => values[name] ?? null)) }
      const { file } = encode(table, { rowGroupRows: 25, pageBytes: 100, dictionary: false })
      const expected = rows.map((values) =>
        Object.fromEntries(
          Object.entries(values).flatMap(([name, value]) =>
            value === null || value === undefined ? [] : [[name, known[name]?.read(value)]],
          ),
        ),
      )
      const found = await read(file)
      // Absent and null are one to this reader, and so are the two zeros to the comparison.
      expect(
        found.map((values) =>
          Object.fromEntries(Object.entries(values).filter(([, value]) => value !== null)),
        ),
      ).toEqual(expected)
    }),
    { numRuns: runs(40) },
  )
}, 600_000)
