import { col, table } from '#contract'

/** What was paid. Amounts are final once `paid_at` is set; corrections are new pay slips. */
export const payslipsV1 = table({
  name: 'workforce.payslips',
  version: 1,
  owner: 'payroll-data@tidemark.example',
  description: 'Pay of one person for one month, one row for each pay slip, corrections included.',
  source: { system: 'workforce-postgres', table: 'workforce.payslips' },
  primaryKey: ['payslip_id'],
  partitionBy: { period: 'month' },
  unknownFields: 'keep',
  columns: {
    payslip_id: col.uuid('Number of the document in the payroll engine'),
    employee_id: col.uuid('Pseudonym of the person, as in workforce.employees'),
    period: col.date('Month that is paid, as its first day'),
    gross: col.decimal(12, 2, 'Pay before contributions and tax, in the currency of the row'),
    net: col.decimal(12, 2, 'Amount transferred, in the currency of the row; negative when pay is reclaimed'),
    worked_minutes: col.bigint('Time paid at the normal rate, minutes'),
    overtime_minutes: col.integer('Time paid above the normal rate, minutes'),
    currency: col.varchar(3, 'ISO 4217 code of both amounts'),
    details: col.json('Lines of the pay slip, amounts with all their digits', { nullable: true }),
    paid_at: col.timestampMicros('When the bank accepted the transfer, UTC; null before', { nullable: true }),
    /* A pay slip names its person: the bytes stay in payroll, their hash tells whether they were replaced. */
    document: col.binary('Signed PDF, as a keyed hash of its bytes', {
      nullable: true,
      pii: 'free-text',
      treatment: 'hash',
    }),
  },
})
