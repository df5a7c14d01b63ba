import type { SourceShape } from '../../../core/contract/infer/infer-table.ts'

const base = { kind: 'base', notNull: false } as const

/** A table of a source that nobody designed for a lake: mixed spelling, personal data, types without an equal. */
export const ordersShape: SourceShape = {
  schema: 'public',
  name: 'Orders',
  key: ['orderId', 'line'],
  comment: 'What buyers ordered; "open" ones too.',
  columns: [
    { ...base, name: 'orderId', type: 'bigint', notNull: true },
    { ...base, name: 'line', type: 'smallint', notNull: true, comment: "The line's number, from 1" },
    { ...base, name: 'placed_at', type: 'timestamp with time zone', notNull: true },
    { ...base, name: 'placed_at_micros', type: 'bigint' },
    { ...base, name: '_op', type: 'text' },
    { ...base, name: 'total', type: 'numeric', precision: 12, scale: 2, notNull: true },
    { ...base, name: 'vat_rate', type: 'numeric', comment: 'VAT as a ratio' },
    { ...base, name: 'country', type: 'character', length: 2 },
    { ...base, name: 'e-mail', type: 'text', comment: 'Where the receipt went' },
    { ...base, name: 'phone', type: 'character varying', length: 20 },
    { ...base, name: 'birth_date', type: 'date' },
    {
      ...base,
      name: 'status',
      type: 'public.order_status',
      kind: 'enum',
      enumValues: ['open', 'paid', 'shipped', 'lost & found', "won't ship", 'returned to sender', 'void'],
      notNull: true,
    },
    { ...base, name: 'weights', type: 'double precision[]', kind: 'array', elementType: 'double precision' },
    { ...base, name: 'slot', type: 'tstzrange', kind: 'range' },
    { ...base, name: 'client_ip', type: 'inet', comment: 'Seen by the load balancer,\nnot by the shop' },
    { ...base, name: 'payload', type: 'jsonb' },
  ],
}
