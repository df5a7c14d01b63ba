import { col, table } from '#contract'

/** Agreed hours and pay. A change of terms is a new `contract_no`, so rows rarely change after signature. */
export const employmentContractsV1 = table({
  name: 'workforce.employment_contracts',
  version: 1,
  owner: 'people-data@tidemark.example',
  description: 'Agreed working time and pay, one row for each contract of a person.',
  source: { system: 'workforce-postgres', table: 'workforce.employment_contracts' },
  primaryKey: ['employee_id', 'contract_no'],
  unknownFields: 'keep',
  checks: [{ name: 'ends on its first day or later', left: 'ends_on', is: '>=', right: 'starts_on' }],
  columns: {
    employee_id: col.uuid('Pseudonym of the person, as in workforce.employees'),
    contract_no: col.smallint('Counts the contracts of one person'),
    kind: col.enum(
      ['permanent', 'fixed_term', 'apprentice', 'interim'],
      'Legal form, which decides notice and contributions',
    ),
    weekly_hours: col.decimal(5, 2, 'Agreed hours of work in a week, breaks excluded', { min: 0 }),
    hourly_rate: col.decimal(10, 4, 'Gross pay for one hour, in the currency of the shop', { min: 0 }),
    starts_on: col.date('First day of work under these terms, local calendar'),
    /* The old payroll wrote infinity for open-ended: as the last day there is, it stays comparable. */
    ends_on: col.date('Last day of work; null or 9999-12-31 while open-ended', {
      nullable: true,
      beyond: 'clamp',
    }),
    signed_at: col.timestampMicros('When the second party signed, UTC; null while unsigned', {
      nullable: true,
    }),
    clauses: col.list({ kind: 'string' }, 'Codes of the clauses added to the standard text', {
      nullable: true,
    }),
  },
})
