import { col, table } from '#contract'

export const ordersV1 = table({
  name: 'public.orders',
  version: 1,
  // review: the address of the team that answers for this table
  owner: 'unassigned',
  description: 'What buyers ordered; "open" ones too.',
  source: { system: 'shop-postgres', table: 'public.Orders' },
  primaryKey: ['order_id', 'line'],
  unknownFields: 'keep',
  columns: {
    order_id: col.bigint('Source column orderId, bigint; describe it for analysts', { from: 'orderId' }),
    line: col.smallint("The line's number, from 1"),
    placed_at: col.timestampMicros('Source column placed_at, timestamp with time zone; describe it for analysts'),
    placed_at_micros_2: col.bigint('Source column placed_at_micros, bigint; describe it for analysts', { nullable: true, from: 'placed_at_micros' }),
    op: col.string('Source column _op, text; describe it for analysts', { nullable: true, from: '_op' }),
    total: col.decimal(12, 2, 'Source column total, numeric(12,2); describe it for analysts'),
    vat_rate: col.string('VAT as a ratio (exact text, because numeric without precision has no fixed scale)', { nullable: true }),
    country: col.varchar(2, 'Source column country, character(2); describe it for analysts', { nullable: true }),
    // review: looks like personal data (email)
    e_mail: col.string('Where the receipt went', { nullable: true, from: 'e-mail', pii: 'email' }),
    // review: looks like personal data (phone)
    phone: col.varchar(20, 'Source column phone, character varying(20); describe it for analysts', { nullable: true, pii: 'phone' }),
    // review: looks like personal data (birth-date)
    birth_date: col.date('Source column birth_date, date; describe it for analysts', { nullable: true, pii: 'birth-date' }),
    status: col.enum(['open', 'paid', 'shipped', 'lost & found', "won't ship", 'returned to sender', 'void'], 'Source column status, public.order_status; describe it for analysts'),
    weights: col.list({ kind: 'double' }, 'Source column weights, double precision[]; describe it for analysts', { nullable: true }),
    slot: col.string('Source column slot, tstzrange as PostgreSQL prints it; describe it for analysts', { nullable: true }),
    // review: looks like personal data (address)
    client_ip: col.string('Seen by the load balancer, not by the shop (inet as PostgreSQL prints it)', { nullable: true, pii: 'address' }),
    payload: col.json('Source column payload, jsonb; describe it for analysts', { nullable: true }),
  },
})
