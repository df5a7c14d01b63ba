import { columnDecoder } from '../../../core/contract/language/beyond.ts'
import type { Column } from '../../../core/contract/language/column.ts'
import { type LakeColumn, lakeColumns } from '../../../core/contract/language/lake-columns.ts'
import type { Table } from '../../../core/contract/language/table.ts'
import { type MaskKey, masker } from '../../../core/contract/masking/pii.ts'
import { plainDecimal } from '../../../core/contract/value/decimal.ts'
import { Refusal } from '../../../core/contract/value/refusal.ts'
import {
  field,
  isJsonObject,
  JsonNumber,
  type JsonObject,
  type JsonValue,
  parseJsonObject,
} from '../../../core/json.ts'
import type { Quarantine, WaitingEntry } from '../../../core/ports/ports.ts'
import type { Position } from '../../../core/position.ts'
import { certainParts } from '../../../ingest/capture/certain-parts.ts'
import { floatText } from '../checksum/nested-text.ts'
import { comparisonText } from '../checksum/ruled-text.ts'

/**
 * For each key that has changes in quarantine, by its comparison text, the highest position among them. A change that does
 * not say which row it is of, or when it was, cannot be matched to a row; `unknown` counts those.
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
  for await (const entry of quarantine.list({ table: table.source.table })) {
    const { position } = entry
    if (position !== null && position > upTo) continue
    const images = imagesOf(entry)
    const keys = images.flatMap((image) => keyText(image, table, maskKey) ?? [])
    if (position === null || keys.length === 0 || keys.length < images.length) unknown += 1
    if (position === null) continue
    for (const key of keys) if (position > (positions.get(key) ?? '')) positions.set(key, position)
  }
  return { positions, unknown }
}

/* Of a record that could not be read what is certain; of an object, which has many rows, nothing. */
function imagesOf({ stage, payload, encoding }: WaitingEntry): readonly JsonObject[] {
  if (stage === 'landing') return []
  const { data, before } =
    encoding === 'json' ? parsedImages(payload) : certainParts(Buffer.from(payload, 'base64'), 0)
  return [data, before].filter(isJsonObject)
}

function parsedImages(payload: string): { readonly data?: JsonValue; readonly before?: JsonValue } {
  const { data = null, 'before-image': before = null } = parseJsonObject(payload)
  return { data, before }
}

/* In the order and form of the key text that both sides of a comparison make. */
function keyText(image: JsonObject, table: Table, maskKey: MaskKey): string | undefined {
  let text = ''
  for (const lake of lakeColumns(table)) {
    const column = table.columns[lake.contractColumn]
    if (column === undefined || !table.primaryKey.includes(lake.contractColumn)) continue
    const value = columnText(field(image, column.from ?? lake.contractColumn) ?? null, {
      lake,
      column,
      maskKey,
    })
    if (value === undefined) return undefined
    text += `${Buffer.byteLength(value)}:${value}`
  }
  return text
}

function columnText(
  wire: JsonValue,
  {
    lake,
    column,
    maskKey,
  }: { readonly lake: LakeColumn; readonly column: Column; readonly maskKey: MaskKey },
): string | undefined {
  const canonical = wire === null ? null : columnDecoder(column)(wire)
  if (canonical === null) return undefined
  if (canonical instanceof Refusal)
    return column.pii === undefined && column.beyond === undefined ? refusedText(wire, lake) : undefined
  return column.pii === undefined
    ? comparisonText(canonical, lake)
    : String(masker(column.pii, column.treatment, maskKey)(canonical))
}

/*
 * The comparison text at the source of a value that its column does not hold: what PostgreSQL prints, which the stream
 * brought as text, number or boolean; numbers of decimal and float columns in the form that `source-text.ts` gives them.
 */
function refusedText(wire: JsonValue, { type }: LakeColumn): string | undefined {
  const printed = wire instanceof JsonNumber ? wire.text : typeof wire === 'object' ? undefined : String(wire)
  if (printed === undefined) return undefined
  switch (type.kind) {
    case 'decimal':
      return decimalText(printed, type.scale)
    case 'double':
    case 'real':
      return Number.isNaN(Number(printed)) ? printed : floatText(Number(printed))
    case 'timestamp':
    case 'timestampMicros':
    case 'list':
    case 'struct':
      return typeof wire === 'string' ? wire : undefined
    case 'binary':
      return printed.replace(/^\\x/, '')
    default:
      return printed
  }
}

/* A number that the scale holds has as many decimals as it; one with more is printed as it is. */
function decimalText(printed: string, scale: number): string {
  const plain = plainDecimal(printed)
  if (plain === undefined) return printed
  const [whole = '', decimals = ''] = plain.split('.')
  if (/[1-9]/.test(decimals.slice(scale))) return printed
  return scale === 0 ? whole : `${whole}.${decimals.slice(0, scale).padEnd(scale, '0')}`
}
