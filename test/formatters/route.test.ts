import { expect, test } from 'vitest'
import { router } from '../../formatters/route.ts'
import { maskKey, people } from './people-table.ts'

const next = { ...people, version: 2 }
const doors = { ...people, name: 'hr.doors', source: { system: 'hr', table: 'public.doors' } }
const route = router([people, doors, next], maskKey)

test('changes of a table go to every live version of its contract, in the order of the list', () => {
  expect(route('public.people').map(({ table }) => table)).toEqual([people, next])
  expect(route('public.doors').map(({ table }) => table)).toEqual([doors])
})

test.each(['public.gone', 'people', '', 'constructor', '__proto__'])('no contract reads %j', (table) => {
  expect(route(table)).toEqual([])
})
