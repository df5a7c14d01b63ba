import { col, table } from '#contract'

/** Every option of the contract language, for what prints, stores and reads contracts. */
export const rulesV1 = table({
  name: 'hr.rules',
  version: 1,
  owner: 'people-data@tidemark.example',
  description: 'Every option of the language, one column each.',
  source: { system: 'hr', table: 'public.rules' },
  primaryKey: ['id'],
  partitionBy: { id: { bucket: 16 }, starts_on: 'month' },
  unknownFields: 'quarantine',
  checks: [
    { name: 'ends after it starts', left: 'ends_on', is: '>=', right: 'starts_on' },
    { name: "not the old system's", left: 'id', is: '>', value: -5n },
    { name: 'paid', left: 'pay', is: '!=', value: '0.00' },
    { name: 'light', left: 'weight', is: '<', value: Number.POSITIVE_INFINITY },
    { name: 'level', left: 'level', is: '<=', value: 3 },
    { name: 'done', left: 'done', is: '=', value: true },
  ],
  columns: {
    id: col.bigint('Number of the row'),
    starts_on: col.date('First day', { beyond: 'clamp' }),
    ends_on: col.date('Last day', { nullable: true, beyond: 'null', default: '9999-12-31' }),
    count: col.bigint('Count', { default: 9_007_199_254_740_993n, beyond: 'text' }),
    level: col.integer('Rank', { min: -1, max: 9, beyond: 'clamp', default: -1 }),
    weight: col.double('Weight', { default: Number.NaN }),
    cold: col.real('Degrees', { default: -0 }),
    done: col.boolean('Whether it is over', { default: false }),
    pay: col.decimal(12, 2, 'Pay', { default: '1.50' }),
    proof: col.binary('Signature', { default: new Uint8Array([0, 255]) }),
    code: col.varchar(3, 'Code', { beyond: 'text', default: "it's" }),
    origin: col.enum(['app', 'web'], 'Where it was made', { unknown: 'keep', nullable: true }),
    email: col.string('Address, as a token', { pii: 'email', treatment: 'tokenise' }),
    marks: col.list({ kind: 'list', of: { kind: 'decimal', precision: 4, scale: 1 } }, 'Grid'),
    plan: col.struct(
      {
        lead: { kind: 'string', max: 40, nullable: true, from: 'Lead' },
        kind: { kind: 'enum', values: ['day', 'night'], unknown: 'keep' },
        breaks: {
          kind: 'list',
          of: { kind: 'struct', fields: { at: { kind: 'time', nullable: false } }, unknown: 'drop' },
        },
      },
      'Plan',
      { nullable: true, unknown: 'drop' },
    ),
  },
})
