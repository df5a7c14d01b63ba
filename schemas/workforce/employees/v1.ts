import { col, table } from '#contract'

/** The people of the rota. Identity is masked; `employee_id` is the pseudonym that other tables join to. */
export const employeesV1 = table({
  name: 'workforce.employees',
  version: 1,
  owner: 'people-data@tidemark.example',
  description: 'People who work or have worked in a shop, one row each, identity masked.',
  source: { system: 'workforce-postgres', table: 'workforce.employees' },
  primaryKey: ['employee_id'],
  partitionBy: { employee_id: { bucket: 16 } },
  unknownFields: 'keep',
  columns: {
    employee_id: col.uuid('Pseudonym of the person, stable across shops and contracts'),
    shop_id: col.integer('Home shop; a shift may be in another one'),
    first_name: col.string('Given name, first letter only in the lake', { nullable: true, pii: 'name' }),
    last_name: col.string('Family name, first letter only in the lake', { nullable: true, pii: 'name' }),
    email: col.string('Login and pay-slip address; equal hashes are the same address', {
      nullable: true,
      pii: 'email',
    }),
    phone: col.string('Mobile number for shift offers, last two digits in the lake', {
      nullable: true,
      pii: 'phone',
    }),
    iban: col.string('Account that receives pay, country and last four characters in the lake', {
      nullable: true,
      pii: 'iban',
    }),
    national_id: col.string('Social security number; equal hashes find double registrations', {
      nullable: true,
      pii: 'nir',
    }),
    birth_date: col.date('Year of birth, as its first of January', { nullable: true, pii: 'birth-date' }),
    hired_on: col.date('First day of the first contract, local calendar'),
    skills: col.list({ kind: 'string' }, 'Posts the person may be planned on, in order of preference'),
    performance_score: col.real(
      'Result of the last yearly review, points out of 100; null before the first',
      {
        nullable: true,
      },
    ),
    /* Hashed rather than masked: analysts may see that a profile changed, never what it says. */
    about: col.string('Profile text in the words of the person, as a keyed hash', {
      nullable: true,
      pii: 'free-text',
      treatment: 'hash',
    }),
    updated_at: col.timestampMicros('Last change of this row in the planning application, UTC'),
  },
})
