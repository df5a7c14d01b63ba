import { col, table } from '#contract'

/** The rota: planned and worked time. The largest table, so it is partitioned by day. */
export const shiftsV1 = table({
  name: 'workforce.shifts',
  version: 1,
  owner: 'planning-data@tidemark.example',
  description: 'Planned and worked time, one row for each shift, assigned to a person or still open.',
  source: { system: 'workforce-postgres', table: 'workforce.shifts' },
  primaryKey: ['shift_id'],
  partitionBy: { starts_at: 'day' },
  unknownFields: 'keep',
  checks: [{ name: 'ends after it begins', left: 'ends_at', is: '>', right: 'starts_at' }],
  columns: {
    shift_id: col.bigint('Number given by the planning application, never reused'),
    shop_id: col.integer('Where the work is done, as in workforce.shops'),
    employee_id: col.uuid('Who is planned; null while the shift is on offer', { nullable: true }),
    starts_at: col.timestamp('Planned begin, UTC'),
    ends_at: col.timestamp('Planned end, UTC, after the begin; may be on the next day'),
    break_minutes: col.smallint('Unpaid break inside the shift, minutes', { min: 0, max: 600 }),
    status: col.enum(
      ['draft', 'published', 'confirmed', 'done', 'cancelled'],
      'Place in the life of a shift; only done counts as worked',
    ),
    labour_cost: col.decimal(12, 2, 'Pay and contributions, in the currency of the shop; null until costed', {
      nullable: true,
    }),
    tags: col.list({ kind: 'string' }, 'Labels of the planner, such as inventory or opening', {
      nullable: true,
    }),
    plan: col.json('Tasks and their times inside the shift, as the planning screen stores them', {
      nullable: true,
    }),
    /* Clear on purpose: planners are bound by policy to keep people out of it, and it is what analysts search. */
    notes: col.string('Operational notes written by planners; personal data is not allowed here by policy', {
      nullable: true,
    }),
    updated_at: col.timestampMicros('Last change of this row in the planning application, UTC'),
  },
})
