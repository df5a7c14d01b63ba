import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { Column } from '../../../core/contract/language/column.ts'
import { literal } from '../../../lake/sql/sql-text.ts'
import { tables } from '../../../schemas/index.ts'
import { spread } from '../../support/budget.ts'
import { openEngine, rewritten } from './load-run.ts'

const ROWS = 3000

/* Ordinary values of each type, as the replicator's files have them. */
const ORDINARY: Readonly<Record<Column['type']['kind'], string>> = {
  bigint: 'i',
  integer: '(i % 900)::INTEGER',
  smallint: '(i % 60)::SMALLINT',
  double: '(i % 90) / 7',
  real: '(i / 8)::FLOAT',
  boolean: 'i % 2 = 0',
  date: `DATE '2026-01-01' + (i % 300)::INTEGER`,
  timestamp: `TIMESTAMPTZ '2026-01-01 08:00:00+00' + to_minutes(i)`,
  timestampMicros: `TIMESTAMPTZ '2026-01-01 08:00:00.123456+00' + to_microseconds(i)`,
  time: `'08:30:00'`,
  uuid: 'uuid()::VARCHAR',
  json: `'{"informations": [1.50, {"note": "a, ]"}], "n": ' || i || '}'`,
  binary: `unhex('00ff')`,
  decimal: '(i % 100)::DECIMAL(4,2)',
  enum: '',
  string: `'E' || (i % 9)`,
  list: `CASE i % 3 WHEN 0 THEN '{}' WHEN 1 THEN '{opening,till}' ELSE '{"night shift",till}' END`,
  struct: `'{}'`,
}

/* Columns that a check orders, the later one after. */
function ordinary(name: string, { type, nullable }: Column): string {
  const value = type.kind === 'enum' ? literal(type.values[0] ?? '') : ORDINARY[type.kind]
  const ordered = name.startsWith('ends_')
    ? `(${value}) + ${type.kind === 'date' ? '1' : "INTERVAL '1 hour'"}`
    : value
  return nullable ? `CASE WHEN i % 10 = 9 THEN NULL ELSE ${ordered} END` : ordered
}

test.each(spread(tables, 2))(
  'every ordinary row of $name v$version is rewritten in SQL alone',
  async (table) => {
    const { engine, folder } = await openEngine()
    const path = join(folder, 'LOAD00000001.parquet')
    const columns = Object.entries(table.columns).map(([name, column]) => {
      return `${ordinary(name, column)} AS "${column.from ?? name}"`
    })
    await engine.run(
      `COPY (SELECT '2026-07-26 06:46:18.616807' AS "DMS_TIMESTAMP", ${columns.join(', ')} FROM range(${ROWS}) t(i))
    TO '${path}' (FORMAT parquet, ROW_GROUP_SIZE 2048)`,
    )
    const { rows, refused, passedOn } = await rewritten(engine, folder, path, table)
    expect({ rows: rows.length, refused: refused.length, passedOn }).toEqual({
      rows: ROWS,
      refused: 0,
      passedOn: 0,
    })
  },
)
