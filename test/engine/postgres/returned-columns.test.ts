import { expect, test } from 'vitest'
import { withReturned } from '../../../engine/postgres/catalog/returned-columns.ts'

const named = (names: string) => names.split(' ').map((name) => ({ name }))

/* Of a contract that reads `id` and `v`. */
test.each([
  ['a name is back', 'id w', 'id v', ['rename-column'], ['column-returned']],
  [
    'told as two, for nobody knows the place',
    'id w',
    'id v',
    ['add-column', 'drop-column'],
    ['column-returned'],
  ],
  [
    'a type changed with it',
    'id w',
    'id v',
    ['rename-column', 'column-type-change'],
    ['column-returned', 'column-type-change'],
  ],
  [
    'another column came with it',
    'id w',
    'id v x',
    ['rename-column', 'add-column'],
    ['column-returned', 'rename-column', 'add-column'],
  ],
  [
    'a column that is read went with it',
    'id w',
    'v',
    ['rename-column', 'drop-column'],
    ['column-returned', 'drop-column'],
  ],
  ['a name went', 'id v', 'id w', ['rename-column'], ['rename-column']],
  ['a column came that was awaited', 'id', 'id v', ['add-column'], ['add-column']],
  ['nothing has another name', 'id v', 'id v', ['enum-label'], ['enum-label']],
])('%s', (_what, before, after, found, told) => {
  const isRead = (column: string) => ['id', 'v'].includes(column)
  expect(withReturned(found, { before: named(before), after: named(after), isRead })).toEqual(told)
})
