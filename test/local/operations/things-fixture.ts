import fc from 'fast-check'
import { col, type Table, table } from '../../../core/contract/index.ts'
import type { RawChange } from '../../../core/page.ts'
import { formatPosition } from '../../../core/position.ts'

const shape = {
  name: 'w.things',
  version: 1,
  owner: 'tests',
  description: 'Things',
  source: { system: 'tests', table: 'public.things' },
  primaryKey: ['id'],
  unknownFields: 'keep',
} as const

const id = col.bigint('Key')
const note = col.string('Text', { nullable: true })

/** Refuses numbers above 100; does not know `note`. */
export const narrow: Table = table({
  ...shape,
  columns: { id, n: col.integer('Number', { nullable: true, max: 100 }) },
})

/** Takes every number; does not know `note`. */
export const wide: Table = table({ ...shape, columns: { id, n: col.integer('Number', { nullable: true }) } })

/** Takes every number and knows `note`. */
export const noted: Table = table({
  ...shape,
  columns: { id, n: col.integer('Number', { nullable: true }), note },
})

/** Refuses what `noted` and `wide` take above 100, and knows `note`. */
export const narrowNoted: Table = table({
  ...shape,
  columns: { id, n: col.integer('Number', { nullable: true, max: 100 }), note },
})

/** A second version, beside the first. */
export const second: Table = { ...noted, version: 2 }

export const positionOf = (lsn: number, ordinal = 1) =>
  formatPosition({ epoch: 1, lsn: BigInt(lsn), ordinal, step: 0 })

export function change(
  operation: RawChange['operation'],
  lsn: number,
  data: Readonly<Record<string, unknown>>,
  { before, ordinal = 1 }: { readonly before?: unknown; readonly ordinal?: number } = {},
): RawChange {
  const image = before === undefined ? '' : `,"before-image":${JSON.stringify(before)}`
  return {
    operation,
    position: positionOf(lsn, ordinal),
    committedAt: '2026-01-01T00:00:00.000000Z',
    members: Buffer.from(`"data":${JSON.stringify(data)}${image}`),
  }
}

const key = fc.integer({ min: 1, max: 4 })
const number = fc.oneof(fc.nat(100), fc.constant(40_000))
const step = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('insert' as const),
      id: key,
      n: number,
      note: fc.constantFrom('a', 'b', null),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record(
      { kind: fc.constant('update' as const), id: key, n: number, note: fc.constantFrom('c', 'd', null) },
      { requiredKeys: ['kind', 'id'] },
    ),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('move' as const), id: key, to: key, n: number }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('delete' as const), id: key }) },
)

/** Batches of changes of things, in commit order; some are refused by the narrow contracts, some lack columns. */
export const batches: fc.Arbitrary<readonly (readonly RawChange[])[]> = fc
  .array(fc.array(step, { minLength: 1, maxLength: 5 }), { minLength: 1, maxLength: 6, size: 'max' })
  .map((all) =>
    all.map((steps, batch) =>
      steps.map((one, index) => {
        const ordinal = index + 1
        if (one.kind === 'move') {
          const data = { id: one.to, n: one.n }
          return change('update', batch + 1, data, { before: { id: one.id }, ordinal })
        }
        const { kind, ...data } = one
        return change(kind, batch + 1, data, { ordinal })
      }),
    ),
  )
