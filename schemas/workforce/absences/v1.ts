import { col, table } from '#contract'

/** Time off. `kind` can be health data: grant this table by name, never with the whole domain. */
export const absencesV1 = table({
  name: 'workforce.absences',
  version: 1,
  owner: 'people-data@tidemark.example',
  description: 'Time off, asked for or granted, one row for each unbroken stretch of days of a person.',
  source: { system: 'workforce-postgres', table: 'workforce.absences' },
  primaryKey: ['employee_id', 'starts_on'],
  partitionBy: { starts_on: 'month' },
  unknownFields: 'keep',
  checks: [{ name: 'ends on its first day or later', left: 'ends_on', is: '>=', right: 'starts_on' }],
  columns: {
    employee_id: col.uuid('Pseudonym of the person, as in workforce.employees'),
    starts_on: col.date('First day off, local calendar'),
    ends_on: col.date('Last day off, included'),
    kind: col.enum(
      ['paid_leave', 'sick', 'unpaid', 'training', 'parental'],
      'Ground of the absence, which decides who pays; sick is health data',
    ),
    hours: col.decimal(6, 2, 'Contract time covered, hours', { min: 0 }),
    approved: col.boolean('Decision of the manager; null while waiting for one', { nullable: true }),
    reason: col.string('Explanation by the person; the lake shows only whether it is null', {
      nullable: true,
      pii: 'free-text',
    }),
    updated_at: col.timestampMicros('Last change of this row in the planning application, UTC'),
  },
})
