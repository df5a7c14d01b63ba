import { col, table } from '#contract'

/** Where people work. Small and slowly changing: the first table to join to. */
export const shopsV1 = table({
  name: 'workforce.shops',
  version: 1,
  owner: 'network-data@tidemark.example',
  description: 'Places of work, one row each, open or closed; a closed one stays for its past shifts.',
  source: { system: 'workforce-postgres', table: 'workforce.shops' },
  primaryKey: ['shop_id'],
  unknownFields: 'keep',
  columns: {
    shop_id: col.integer('Number given by the planning application, never reused'),
    code: col.string('Short code printed on rotas and till receipts, unique'),
    name: col.string('Sign above the door, in the local language'),
    city: col.string('Town as the shop manager typed it, not normalised', { nullable: true }),
    country_code: col.varchar(2, 'ISO 3166-1 alpha-2, which decides labour law and public holidays'),
    latitude: col.double('Degrees north, WGS 84', { nullable: true, min: -90, max: 90 }),
    longitude: col.double('Degrees east, WGS 84', { nullable: true, min: -180, max: 180 }),
    opened_on: col.date('First trading day, local calendar'),
    is_open: col.boolean('False from the day of permanent closure; not the state of the door'),
    opening_hours: col.json('Weekly hours in local time, by weekday; null means not published', {
      nullable: true,
    }),
    updated_at: col.timestampMicros('Last change of this row in the planning application, UTC'),
  },
})
