import type pg from 'pg'
import type { OddTable } from './odd-tables.ts'

/** Reads the lake: SQL in, rows out. */
export type AskLake = (sql: string) => Promise<readonly Readonly<Record<string, unknown>>[]>

const usual = [
  ['id::text', 'id::VARCHAR'],
  ['v', 'v'],
] as const

/**
 * How the rows of a table differ between source and lake, compared as texts one by one; empty when they do not. Shares no
 * code with `reconcile`: both sides are read whole. Rows that the source holds and the contract refuses may be missing.
 */
export async function differences(
  table: OddTable,
  source: pg.Client,
  lake: AskLake,
): Promise<readonly string[]> {
  const columns = table.compared ?? usual
  const names = columns.map((_, index) => `c${index}`)
  const list = (side: 0 | 1) =>
    columns.map((column, index) => `${column[side]} AS ${names[index]}`).join(', ')
  const refused = table.refused === undefined ? 'false' : `coalesce(${table.refused}, false)`
  const { rows } = await source.query<Record<string, string | null>>(
    `SELECT ${list(0)}, (${refused})::text AS refused FROM ${table.from ?? table.name}`,
  )
  const textOf = (row: Readonly<Record<string, unknown>>) =>
    JSON.stringify(names.map((name) => row[name] ?? null))
  const found = (await lake(`SELECT ${list(1)} FROM ${table.lake}`)).map(textOf)
  const excused = new Set(rows.filter((row) => row['refused'] === 'true').map((row) => String(row['c0'])))
  const expected = new Set(rows.filter((row) => row['refused'] !== 'true').map(textOf))
  const isExcused = (text: string) => excused.has(String((JSON.parse(text) as unknown[])[0]))
  const twins = found.length - new Set(found).size
  return [
    ...[...expected].filter((text) => !found.includes(text)).map((text) => `not in the lake: ${keyOf(text)}`),
    ...found
      .filter((text) => !expected.has(text) && !isExcused(text))
      .map((text) => `not in the source: ${keyOf(text)}`),
    ...(twins === 0 ? [] : [`${twins} rows twice in the lake`]),
  ]
}

function keyOf(text: string): string {
  const [key, ...rest] = JSON.parse(text) as unknown[]
  return `${key} (${rest.map((value) => String(value).slice(0, 20)).join(', ')})`
}
