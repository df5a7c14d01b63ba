import { col, table } from '../../../../core/contract/index.ts'
import { lakeColumns } from '../../../../core/contract/language/lake-columns.ts'

/** A table with a column of every type of the contract language. */
export const everything = table({
  name: 't.everything',
  version: 1,
  owner: 'tests',
  description: 'A column of every type',
  source: { system: 'tests', table: 'public.everything' },
  primaryKey: ['id', 'word'],
  unknownFields: 'drop',
  columns: {
    id: col.bigint('Key'),
    word: col.string('Key'),
    small: col.smallint('Number', { nullable: true }),
    plain: col.integer('Number', { nullable: true }),
    ratio: col.double('Float', { nullable: true }),
    share: col.real('Float', { nullable: true }),
    flag: col.boolean('Flag', { nullable: true }),
    day: col.date('Day', { nullable: true }),
    at: col.timestamp('Instant', { nullable: true }),
    exact: col.timestampMicros('Instant', { nullable: true }),
    clock: col.time('Time', { nullable: true }),
    uid: col.uuid('Id', { nullable: true }),
    doc: col.json('Document', { nullable: true }),
    bytes: col.binary('Bytes', { nullable: true }),
    price: col.decimal(12, 2, 'Money', { nullable: true }),
    mood: col.enum(['low', 'high'], 'Word', { nullable: true }),
    words: col.list({ kind: 'string' }, 'Words', { nullable: true }),
    grid: col.list({ kind: 'list', of: { kind: 'double' } }, 'Grid', { nullable: true }),
    inner: col.struct({ a: { kind: 'string', nullable: true }, b: { kind: 'timestamp' } }, 'Struct', {
      nullable: true,
    }),
  },
})

export const columns = lakeColumns(everything).map((column) => ({
  ...column,
  isInstant: ['at', 'exact'].includes(column.contractColumn),
}))
export const keys = columns.filter(({ contractColumn }) => everything.primaryKey.includes(contractColumn))
