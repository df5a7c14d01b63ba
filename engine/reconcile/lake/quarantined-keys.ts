import type { Column } from '../../../core/contract/language/column.ts'
import { type LakeColumn, lakeColumns } from '../../../core/contract/language/lake-columns.ts'
import { columnDecoder } from '../../../core/contract/language/out-of-range.ts'
import type { Table } from '../../../core/contract/language/table.ts'
import { isSameVersion } from '../../../core/contract/language/table-version.ts'
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
import { nextStep, type Position } from '../../../core/position.ts'
import { certainParts } from '../../../ingest/capture/certain-parts.ts'
import { floatText, keyTextOfColumn } from '../checksum/nested-text.ts'
import { comparisonText } from '../checksum/ruled-text.ts'

/** What a change that waits did to the row of a key; `unknown` where the record did not say. */
export type Effect = 'brings' | 'alters' | 'removes' | 'unknown'

/** A change in quarantine as one key met it. */
export interface WaitingChange {
  /** Where its row of this key would be in history: the new key of a change of the key is one step after the old one. */
  readonly position: Position
  readonly effect: Effect
}

/**
 * For each key that has changes in quarantine, by its comparison text, those changes in the order of their positions. A
 * change that does not say which row it is of, or when it was, cannot be matched to a row; `unknown` counts those.
 */
export interface QuarantinedKeys {
  readonly changes: ReadonlyMap<string, readonly WaitingChange[]>
  readonly unknown: number
}

/** The changes of a table up to a position that wait for its contract. What another contract refuses is no matter of it. */
export async function quarantinedKeys(
  quarantine: Pick<Quarantine, 'list'>,
  table: Table,
  maskKey: MaskKey,
  upTo: Position,
): Promise<QuarantinedKeys> {
  const changes = new Map<string, WaitingChange[]>()
  let unknown = 0
  for await (const entry of quarantine.list({ table: table.source.table })) {
    const { position, contract } = entry
    if (contract !== null && !isSameVersion(contract, table)) continue
    if (position !== null && position > upTo) continue
    const met = metBy(imagesOf(entry), position ?? '', (image) => keyText(image, table, maskKey))
    if (position === null || !met.isWhole) unknown += 1
    if (position === null) continue
    for (const [key, change] of met.changes) {
      const known = changes.get(key)
      if (known === undefined) changes.set(key, [change])
      else known.push(change)
    }
  }
  for (const waiting of changes.values()) waiting.sort((a, b) => (a.position < b.position ? -1 : 1))
  return { changes, unknown }
}

interface Images {
  readonly operation: string | null
  readonly data: JsonObject | undefined
  readonly before: JsonObject | undefined
}

/* Of a record that could not be read what is certain; of an object, which has many rows, nothing. */
function imagesOf({ stage, payload, encoding }: WaitingEntry): Images {
  if (stage === 'landing') return { operation: null, data: undefined, before: undefined }
  if (encoding !== 'json') {
    const { operation, data, before } = certainParts(Buffer.from(payload, 'base64'), 0)
    return { operation, data: imageOf(data), before: imageOf(before) }
  }
  const { operation = null, data, 'before-image': before } = parseJsonObject(payload)
  return {
    operation: typeof operation === 'string' ? operation : null,
    data: imageOf(data),
    before: imageOf(before),
  }
}

/* An image without fields is none. */
function imageOf(image: JsonValue | undefined): JsonObject | undefined {
  return image !== undefined && isJsonObject(image) && Object.keys(image).length > 0 ? image : undefined
}

const EFFECTS: Readonly<Record<string, Effect>> = {
  load: 'brings',
  insert: 'brings',
  update: 'alters',
  delete: 'removes',
}

interface Met {
  readonly changes: readonly (readonly [key: string, change: WaitingChange])[]
  /** Every key of the change is known. */
  readonly isWhole: boolean
}

/* A change of the key removes one row and brings another; where one of the keys is not known, nobody knows which it was. */
function metBy(
  { data, before, operation }: Images,
  position: Position,
  keyOf: (image: JsonObject) => string | undefined,
): Met {
  const now = data === undefined ? undefined : keyOf(data)
  const old = before === undefined ? undefined : keyOf(before)
  const isWhole =
    (now !== undefined || old !== undefined) &&
    (data === undefined || now !== undefined) &&
    (before === undefined || old !== undefined)
  if (!isWhole) {
    const change = { position, effect: 'unknown' } as const
    return {
      isWhole,
      changes: [now, old].flatMap((key) => (key === undefined ? [] : [[key, change] as const])),
    }
  }
  const effect = EFFECTS[operation ?? ''] ?? 'unknown'
  if (now !== undefined && old !== undefined && now !== old) {
    const next = nextStep(position)
    return {
      isWhole,
      changes: [
        [old, { position, effect: 'removes' }],
        [now, { position: next, effect: 'brings' }],
      ],
    }
  }
  const key = now ?? old
  return { isWhole, changes: key === undefined ? [] : [[key, { position, effect }]] }
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
    const inKey = keyTextOfColumn(value, lake.type)
    text += `${Buffer.byteLength(inKey)}:${inKey}`
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
