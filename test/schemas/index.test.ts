import { readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { checkTable } from '../../core/contract/check/check-table.ts'
import type { Row } from '../../core/contract/language/table.ts'
import { tables } from '../../schemas/index.ts'
import type { shiftsV1 } from '../../schemas/workforce/shifts/v1.ts'

const root = fileURLToPath(new URL('../../schemas/', import.meta.url))
const files = readdirSync(root, { recursive: true, encoding: 'utf8' })
  .map((file) => file.replaceAll('\\', '/'))
  .filter((file) => /\/v\d+\.ts$/.test(file))
  .sort()

test('the list holds every contract file, in the order of their paths', () => {
  expect(tables.map(({ name, version }) => `${name.replace('.', '/')}/v${version}.ts`)).toEqual(files)
})

test('a contract exports its table under the name of the file, and nothing else', async () => {
  const exported = await Promise.all(
    files.map(async (file) => Object.keys(await import(/* @vite-ignore */ root + file))),
  )
  expect(exported).toEqual(
    files.map((file) => {
      const [, table = '', version = ''] = file.slice(0, -3).split('/')
      return [`${table.replace(/_(\w)/g, (_, letter) => letter.toUpperCase())}${version.toUpperCase()}`]
    }),
  )
})

test.each(tables)('$name v$version is sound', (table) => {
  expect(checkTable(table)).toEqual([])
})

test('no two live contracts write the same version of a lake table', () => {
  const identities = tables.map(({ name, version }) => `${name} v${version}`)
  expect(new Set(identities).size).toBe(identities.length)
})

test.each(tables)('every description of $name says more than the name of its column', ({ columns }) => {
  const empty = Object.entries(columns).filter(
    ([name, { description }]) =>
      description.length < 15 || description.toLowerCase().startsWith(name.replaceAll('_', ' ')),
  )
  expect(empty.map(([name]) => name)).toEqual([])
})

const personal = /^(first_name|last_name|email|phone|iban|national_id|birth_date|about|reason|document)$/

test.each(tables)('no column of $name that identifies a person is clear', ({ columns }) => {
  const clear = Object.entries(columns).filter(
    ([name, { pii, treatment }]) => personal.test(name) && (pii === undefined || treatment === 'clear'),
  )
  expect(clear.map(([name]) => name)).toEqual([])
})

test('a row of shifts has the types of its contract', () => {
  const row = {
    shift_id: 1n,
    employee_id: null,
    status: 'done',
    labour_cost: '19.90',
  } as const satisfies Partial<Row<typeof shiftsV1>>
  expect(row.status).toBe('done')
})
