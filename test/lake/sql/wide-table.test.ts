import { expect, test } from 'vitest'
import { col, type Table, table } from '../../../core/contract/index.ts'
import type { LakeRow } from '../../../core/contract/language/lake-row.ts'
import { loadPosition } from '../../../core/position.ts'
import { LakeSession } from '../../../engine/duckdb/lake-session.ts'
import { isWhole } from '../../support/budget.ts'
import { tempFolder } from '../../support/temp-folder.ts'
import { smallLake } from '../small-lake.ts'

/* PostgreSQL's most, when everything is taken whole. A plan that is quadratic in columns takes minutes then, one that is linear seconds. */
const COLUMNS = isWhole() ? 1_600 : 300

const LAST = `c${COLUMNS - 2}`

const wide: Table = table({
  name: 's.wide',
  version: 1,
  owner: 'tests',
  description: 'As many columns as PostgreSQL has',
  source: { system: 'tests', table: 's.wide' },
  primaryKey: ['id'],
  unknownFields: 'drop',
  columns: {
    id: col.integer('Key'),
    ...Object.fromEntries(
      Array.from({ length: COLUMNS - 1 }, (_, index) => [
        `c${index}`,
        col.string('A value', { nullable: true }),
      ]),
    ),
  },
})

const at = (index: number) => loadPosition(1, BigInt(index + 1))
const values = (text: string) => Array.from({ length: COLUMNS - 1 }, (_, index) => `${text}${index}`)

test('G2 the current rows of a table of hundreds of columns are asked for, values filled in and keys gone', async () => {
  const folder = await tempFolder()
  const lake = await smallLake(folder)
  await lake.register(wide)
  const inserts = Array.from(
    { length: 50 },
    (_, id): LakeRow => ['insert', at(id), 0, 0, null, null, id, ...values(`of ${id}, `)],
  )
  const update = (index: number, id: number, text: string): LakeRow => [
    ...(['update', at(index), 0, 0, ['c7'], null, id] as const),
    ...values(text).map((value, column) => (column === 7 ? null : value)),
  ]
  await lake.land(wide, [...inserts, update(60, 1, 'new ')])
  const gone: LakeRow = ['delete', at(61), 0, 0, null, null, 3, ...values('').map(() => null)]
  const seen = async () => {
    const session = await LakeSession.open({ folder, entries: await lake.catalog.entries() })
    const found: unknown[] = []
    const sqlText = `SELECT count(*)::INTEGER, max(CASE WHEN id = 1 THEN c6 || c7 || ${LAST} END) FROM s.wide`
    for await (const rows of (await session.query(sqlText)).batches) found.push(...rows)
    session.close()
    return found
  }
  expect(await seen()).toEqual([[50, `new 6of 1, 7new ${COLUMNS - 2}`]])
  await lake.land(wide, [gone, update(62, 1, 'newer ')])
  expect(await seen()).toEqual([[49, `newer 6of 1, 7newer ${COLUMNS - 2}`]])
  /* Nothing is missing any more. */
  const whole: LakeRow = ['update', at(70), 0, 0, null, null, 1, ...values('whole ')]
  await lake.land(wide, [whole])
  expect(await seen()).toEqual([[49, `whole 6whole 7whole ${COLUMNS - 2}`]])
})
