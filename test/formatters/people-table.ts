import * as z from 'zod'
import { table } from '../../core/contract/check/define-table.ts'
import { col } from '../../core/contract/language/column.ts'
import type { Table } from '../../core/contract/language/table.ts'

export const maskKey = new Uint8Array(32).fill(9)

/** A contract with every kind of treatment, a renamed key, bounds and a check. */
export const people = table({
  name: 'hr.people',
  version: 1,
  owner: 'people-data@tidemark.example',
  description: 'People, one row each.',
  source: { system: 'hr', table: 'public.people' },
  primaryKey: ['person_id', 'shop'],
  unknownFields: 'keep',
  columns: {
    person_id: col.bigint('Number of the person', { from: 'id' }),
    shop: col.varchar(12, 'Code of the shop'),
    pay: col.decimal(12, 2, 'Monthly pay', { min: 0, max: 99_999.5 }),
    level: col.smallint('Rank', { nullable: true, max: 9 }),
    seen_at: col.timestampMicros('Last visit', { nullable: true }),
    country: col.string('Country', { nullable: true, check: z.string().length(2) }),
    email: col.string('Address, hashed', { nullable: true, pii: 'email' }),
    phone: col.string('Number, last digits', { nullable: true, pii: 'phone' }),
    name: col.string('Name, first letter', { nullable: true, pii: 'name' }),
    nir: col.string('Social security number, never in the lake', {
      nullable: true,
      pii: 'nir',
      treatment: 'drop',
    }),
    skills: col.list({ kind: 'string', max: 8 }, 'Posts', { nullable: true }),
  },
})

/** The same columns under another rule for fields that the contract does not name. */
export function withUnknownFields(unknownFields: Table['unknownFields']): Table {
  return { ...people, unknownFields }
}
