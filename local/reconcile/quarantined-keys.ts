import { columnDecoder } from '../../core/contract/beyond.ts'
import type { Column } from '../../core/contract/column.ts'
import { lakeColumns } from '../../core/contract/lake-columns.ts'
import { type MaskKey, masker } from '../../core/contract/pii.ts'
import { Refusal } from '../../core/contract/refusal.ts'
import type { Table } from '../../core/contract/table.ts'
import { field, isJsonObject, type JsonObject, parseJsonObject } from '../../core/json.ts'
import type { Quarantine } from '../../core/ports.ts'
import type { Position } from '../../core/position.ts'

/**
 * For each key that has changes in quarantine, by its comparison text, the highest position among them. A change whose
 * key itself was refused cannot be matched to a row; `unknown` counts those.
 */
export interface QuarantinedKeys {
  readonly positions: ReadonlyMap<string, Position>
  readonly unknown: number
}

export async function quarantinedKeys(
  quarantine: Pick<Quarantine, 'list'>,
  table: Table,
  maskKey: MaskKey,
  upTo: Position,
): Promise<QuarantinedKeys> {
  const positions = new Map<string, Position>()
  let unknown = 0
  for await (const { position, payload, encoding } of quarantine.list({ table: table.source.table })) {
    if (position === null || position > upTo || encoding !== 'json') continue
    const { data, 'before-image': before } = parseJsonObject(payload)
    const images = [data, before].filter(isJsonObject)
    const keys = images.flatMap((image) => keyText(image, table, maskKey) ?? [])
    if (keys.length < images.length) unknown += 1
    for (const key of keys) if (position > (positions.get(key) ?? '')) positions.set(key, position)
  }
  return { positions, unknown }
}

/* In the order and form of the key text that `read-source.ts` and `compare-table.ts` make. */
function keyText(image: JsonObject, table: Table, maskKey: MaskKey): string | undefined {
  let text = ''
  for (const { contractColumn, part } of lakeColumns(table)) {
    const column = table.columns[contractColumn]
    if (column === undefined || !table.primaryKey.includes(contractColumn)) continue
    const value = columnText(image, contractColumn, column, part, maskKey)
    if (value === undefined) return undefined
    text += `${Buffer.byteLength(value)}:${value}`
  }
  return text
}

function columnText(
  image: JsonObject,
  name: string,
  column: Column,
  part: 'value' | 'millis' | 'micros',
  maskKey: MaskKey,
): string | undefined {
  const wire = field(image, column.from ?? name) ?? null
  const canonical = wire === null ? null : columnDecoder(column)(wire)
  if (canonical instanceof Refusal && typeof wire === 'string' && column.pii === undefined)
    return PRINTED.includes(column.type.kind) ? wire : undefined
  if (canonical === null || canonical instanceof Refusal) return undefined
  if (part !== 'value') return instantText(String(wire), part === 'micros' ? 6 : 3)
  const value =
    column.pii === undefined ? canonical : masker(column.pii, column.treatment, maskKey)(canonical)
  return String(value)
}

/* Types whose comparison text at the source is PostgreSQL's print, which the stream brought: also of what no column holds. */
const PRINTED: readonly string[] = ['date', 'time', 'uuid', 'enum', 'decimal']

/* The replicator and DMS write instants in UTC: `YYYY-MM-DDTHH:MM:SS[.ffffff]Z`. */
function instantText(wire: string, digits: number): string {
  const [date = '', time = ''] = wire.replace(/Z$/, '').split('T')
  const [clock = '', fraction = ''] = time.split('.')
  return `${date} ${clock}.${fraction.padEnd(6, '0').slice(0, digits)}`
}
