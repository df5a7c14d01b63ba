import { expect, test } from 'vitest'
import { tellQueryable } from '../../cli/run/queryable-steps.ts'
import type { Load } from '../../core/load/load.ts'
import { newLoad } from '../../ingest/loads/list-of-loads.ts'

const NOW = Date.parse('2026-11-30T10:00:00Z')

function loadOf(id: string, names: readonly string[], estimates = new Map<string, number>()): Load {
  return newLoad({ id, tables: names, window: null, estimates }, [], NOW)
}

function withComplete(load: Load, name: string, rows: number): Load {
  const tables = load.tables.map((table) =>
    table.table === name ? { ...table, state: 'complete' as const, rows } : table,
  )
  return { ...load, tables }
}

/** What is told of tables that become complete one after another. */
async function toldOf(names: readonly string[]): Promise<readonly string[]> {
  const former = withComplete(loadOf('20261129T100000-abcdef', names.slice(0, 1)), names[0] ?? '', 5)
  let load = loadOf('20261130T100000-abcdef', names)
  let end: () => void = () => undefined
  const over = new Promise<void>((resolve) => {
    end = resolve
  })
  const lines: string[] = []
  const telling = tellQueryable({ loads: () => [former, load], tables: names.length, over }, (line) =>
    lines.push(line),
  )
  for (const name of names) load = withComplete(load, name, 1)
  end()
  await telling
  return lines
}

test('a load reads the small tables first, and last those of which nobody knows the size', () => {
  const estimates = new Map([
    ['w.large', 142_000],
    ['w.small', 200],
    ['w.empty', 0],
  ])
  const load = loadOf(
    '20261130T100000-abcdef',
    ['w.unknown', 'w.large', 'w.small', 'w.other', 'w.empty'],
    estimates,
  )
  expect(load.tables.map(({ table }) => table)).toEqual([
    'w.empty',
    'w.small',
    'w.large',
    'w.unknown',
    'w.other',
  ])
})

test('of few tables each is told as it becomes queryable, and those of before are not', async () => {
  expect(await toldOf(['w.one', 'w.two'])).toEqual(['queryable: w.one, 1 row', 'queryable: w.two, 1 row'])
})

test('of many tables the first is told by name, then each tenth', async () => {
  const lines = await toldOf(Array.from({ length: 200 }, (_, place) => `w.t${place}`))
  expect(lines).toHaveLength(11)
  expect(lines.slice(0, 2)).toEqual(['queryable: w.t0, 1 row', 'queryable: 20 of 200 tables'])
  expect(lines.at(-1)).toBe('queryable: 200 of 200 tables')
})

test('it ends when what it waits for fails', async () => {
  const over = Promise.reject(new Error('the run has failed'))
  await tellQueryable({ loads: () => [], tables: 1, over }, () => undefined)
})
