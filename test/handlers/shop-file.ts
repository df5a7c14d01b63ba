import { parquetWriteBuffer } from 'hyparquet-writer'

/** A file of `workforce.shops` as a full load of DMS writes it: its own time first, as text; instants in microseconds. */
export function shopFile(
  rows: readonly { readonly id: number; readonly name: string; readonly country?: string }[],
): Buffer {
  const column = (name: string, element: object, value: (row: (typeof rows)[number]) => unknown) => ({
    element: { name, repetition_type: 'OPTIONAL' as const, ...element },
    data: rows.map(value),
  })
  const text = { type: 'BYTE_ARRAY' as const, converted_type: 'UTF8' as const }
  const columns = [
    column('DMS_TIMESTAMP', { ...text, repetition_type: 'REQUIRED' }, () => '2026-11-23 10:00:00.000001'),
    column('shop_id', { type: 'INT32' }, ({ id }) => id),
    column('code', text, ({ id }) => `S-${id}`),
    column('name', text, ({ name }) => name),
    column('city', text, () => 'Lyon'),
    column('country_code', text, ({ country = 'FR' }) => country),
    column('latitude', { type: 'DOUBLE' }, () => 45.75),
    column('longitude', { type: 'DOUBLE' }, () => 4.85),
    column('opened_on', { type: 'INT32', converted_type: 'DATE' }, () => 16_207),
    column('is_open', { type: 'BOOLEAN' }, () => true),
    column('opening_hours', text, () => '{"mon":["09:00","19:00"]}'),
    column('updated_at', { type: 'INT64', converted_type: 'TIMESTAMP_MICROS' }, () => 1_795_427_998_000_001n),
  ]
  const schema = [{ name: 'root', num_children: columns.length }, ...columns.map(({ element }) => element)]
  const columnData = columns.map(({ element, data }) => ({ name: element.name, data }))
  /* The writer's types ask for more than it reads. */
  return Buffer.from(parquetWriteBuffer({ columnData, schema, codec: 'UNCOMPRESSED' } as never))
}
