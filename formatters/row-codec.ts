import type { CanonicalValue } from '../core/block.ts'
import type { Change } from '../core/change.ts'
import type { LakeOperation, LakeRow } from '../core/contract/language/lake-row.ts'
import type { Table } from '../core/contract/language/table.ts'
import type { MaskKey } from '../core/contract/masking/pii.ts'
import { parseTimestamp, toMillis } from '../core/contract/value/temporal.ts'
import { field, type JsonObject, type JsonValue, stringifyJson } from '../core/json.ts'
import type { Reason } from '../core/ports/ports.ts'
import { nextStep } from '../core/position.ts'
import { brokenChecksOf } from './broken-checks.ts'
import { type CompiledColumn, canonicalOf, compileColumns } from './compiled-column.ts'

/** A change after its contract: its lake rows (two when the key changed), or every reason against it. */
export type Formatted =
  | { readonly kind: 'rows'; readonly rows: readonly LakeRow[] }
  | { readonly kind: 'refused'; readonly reasons: readonly Reason[] }

/** Applies one contract to changes of its source table. Other codecs must give the same values as this one, the reference. */
export interface RowCodec {
  /** Order of the values in a lake row. */
  readonly columns: readonly string[]
  format(change: Change): Formatted
  /** The mark of a change that is refused, whatever the reason; undefined where it names no key of the contract. */
  mark(change: Change): LakeRow | undefined
}

/** The row codec of a contract: slow and obvious, row by row. */
export function rowCodec(table: Table, key: MaskKey): RowCodec {
  return new ReferenceCodec(table, key)
}

class ReferenceCodec implements RowCodec {
  readonly columns: readonly string[]
  private readonly table: Table
  private readonly compiled: readonly CompiledColumn[]
  private readonly keyColumns: readonly CompiledColumn[]
  /** Names of the source's fields. */
  private readonly known: ReadonlySet<string>
  private readonly brokenChecks: ReturnType<typeof brokenChecksOf>

  constructor(table: Table, key: MaskKey) {
    this.table = table
    this.compiled = compileColumns(table, key)
    this.columns = this.compiled.filter(({ isKept }) => isKept).map(({ name }) => name)
    this.keyColumns = this.compiled.filter(({ isKey }) => isKey)
    this.known = new Set(this.compiled.map(({ source }) => source))
    this.brokenChecks = brokenChecksOf(table)
  }

  format(change: Change): Formatted {
    const reasons: Reason[] = []
    const rows = this.formatRows(change, reasons)
    return reasons.length > 0 ? { kind: 'refused', reasons } : { kind: 'rows', rows }
  }

  mark(change: Change): LakeRow | undefined {
    const { operation, position, data, before } = change
    /* A delete brings no value, and a truncate is never refused. */
    if (operation === 'delete' || operation === 'truncate') return undefined
    const place = before !== undefined && this.movesKey(before, data) ? nextStep(position) : position
    const reasons: Reason[] = []
    const mark = this.row(change, 'refused', place, null, null, (column) =>
      column.isKey ? canonicalOf(column, sourceValue(column, data, false), reasons) : null,
    )
    return reasons.length > 0 ? undefined : mark
  }

  private formatRows(change: Change, reasons: Reason[]): readonly LakeRow[] {
    const { operation, position, data, before } = change
    if (operation === 'truncate') return [this.row(change, operation, position, null, null, () => null)]
    if (operation === 'delete') return [this.deletion(change, data, reasons)]
    if (before === undefined || !this.movesKey(before, data))
      return [this.image(change, operation, position, reasons)]
    /* The old key goes, the new one comes one position later. */
    return [this.deletion(change, before, reasons), this.image(change, 'insert', nextStep(position), reasons)]
  }

  private deletion(change: Change, image: JsonObject, reasons: Reason[]): LakeRow {
    return this.row(change, 'delete', change.position, null, null, (column) =>
      column.isKey ? canonicalOf(column, sourceValue(column, image, false), reasons) : null,
    )
  }

  private image(
    change: Change,
    operation: Change['operation'],
    position: string,
    reasons: Reason[],
  ): LakeRow {
    const { data } = change
    const hasGaps = change.operation === 'update' && change.isWhole !== true
    const absent = hasGaps
      ? this.compiled.filter((c) => !c.isKey && field(data, c.source) === undefined).map((c) => c.name)
      : []
    const missing = new Set(absent)
    const extra = this.extraOf(data, reasons)
    const names = absent.filter((name) => this.table.columns[name]?.treatment !== 'drop')
    const decoded = new Map<string, CanonicalValue>()
    const made = this.row(change, operation, position, names.length > 0 ? names : null, extra, (column) => {
      const value = missing.has(column.name)
        ? null
        : canonicalOf(column, sourceValue(column, data, !hasGaps), reasons)
      decoded.set(column.name, value)
      return value
    })
    reasons.push(...this.brokenChecks((name) => decoded.get(name) ?? null))
    return made
  }

  private row(
    change: Change,
    operation: LakeOperation,
    position: string,
    absent: readonly string[] | null,
    extra: string | null,
    value: (column: CompiledColumn) => CanonicalValue,
  ): LakeRow {
    const values: CanonicalValue[] = []
    for (const column of this.compiled) {
      const canonical = value(column)
      if (column.isKept) values.push(column.mask(canonical))
    }
    return [operation, position, 0, committedMillis(change), absent, extra, ...values]
  }

  private extraOf(data: JsonObject, reasons: Reason[]): string | null {
    if (this.table.unknownFields === 'drop') return null
    /* Entries, not an object to assign to: that would swallow a column `__proto__`. */
    const unknown: [string, JsonValue][] = []
    for (const name in data) if (!this.known.has(name)) unknown.push([name, data[name] ?? null])
    if (unknown.length === 0) return null
    if (this.table.unknownFields === 'keep') return stringifyJson(Object.fromEntries(unknown))
    for (const [path] of unknown) {
      reasons.push({ code: 'format/unknown-field', path, message: 'is not in the contract' })
    }
    return null
  }

  private movesKey(before: JsonObject, data: JsonObject): boolean {
    return this.keyColumns.some(({ source }) => {
      const old = field(before, source)
      return old !== undefined && stringifyJson(old) !== stringifyJson(field(data, source) ?? null)
    })
  }
}

/* A missing field is its default or null: only updates of rows that are not whole leave fields out on purpose. */
function sourceValue(column: CompiledColumn, data: JsonObject, hasDefaults: boolean): JsonValue {
  const value = field(data, column.source)
  return value ?? (hasDefaults && value === undefined ? column.defaultValue : null)
}

function committedMillis({ committedAt }: Change): number | null {
  const instant = committedAt === null ? undefined : parseTimestamp(committedAt)
  return instant === undefined ? null : toMillis(instant)
}
