import { lakeColumns } from '../../core/contract/language/lake-columns.ts'
import type { Table } from '../../core/contract/language/table.ts'
import { field, isJsonObject, parseJsonObject } from '../../core/json.ts'
import type { QuarantineEntry } from '../../core/ports/ports.ts'
import type { Reading } from './lake-readers.ts'
import type { StoredRow } from './load-readers.ts'
import { expectedOf, type Oracle, show } from './oracle.ts'
import { rawText } from './raw-readers.ts'
import type { Outcome, TypeCase } from './type-case.ts'

/** What a cell of the matrix may turn out as; the last two are never expected. */
export type Observed = Outcome | 'absent' | 'altered' | 'lost'

/** One value, on one way, as one reader sees it. */
export interface Cell {
  readonly path: string
  readonly reader: string
  readonly value: string
  readonly expected: Observed
  readonly observed: Observed
  /** Why it is in quarantine. */
  readonly reason?: string | undefined
}

/** Everything of one source table that a run left, by reader. */
export interface TableEvidence {
  readonly table: Table
  readonly raw: readonly {
    readonly op: string
    readonly data: ReturnType<typeof parseJsonObject>
  }[]
  /** The rows of the load's files, by another reader than ours. */
  readonly loadRows: readonly StoredRow[]
  readonly readers: ReadonlyMap<string, readonly Reading[]>
  readonly quarantine: readonly QuarantineEntry[]
}

/** Whether a row holds, in every lake column of `v`, what PostgreSQL says. */
export function holds(table: Table, row: Reading, oracle: Oracle): boolean {
  return lakeColumns(table)
    .filter(({ contractColumn }) => contractColumn === 'v')
    .every((column) => row.values.get(column.name) === expectedOf(column, oracle))
}

/* Types whose values are text at the source too, and the domains over them. */
const TEXTUAL = /^("?char|text|varchar|name|citext|kinds\.(code|tags)$)/

/** What a row shows of a value: `exact as text` when the lake column is text and the source's type is none. */
export function outcomeOf(
  { type }: TypeCase,
  table: Table,
  row: Reading | undefined,
  isHeld: boolean,
): Observed {
  if (row === undefined) return 'lost'
  if (row.absent.includes('v')) return 'absent'
  if (!isHeld) return 'altered'
  const lake = table.columns['v']?.type
  const leaf = lake?.kind === 'list' ? lake.of : lake
  return leaf?.kind === 'string' && !TEXTUAL.test(type) ? 'exact as text' : 'exact'
}

/** Reasons by operation and id of the changes of a table in quarantine, and the raw value each one kept. */
export function refusals(
  entries: readonly QuarantineEntry[],
  sourceType: string,
): ReadonlyMap<string, { readonly reason: string; readonly text: string | null | undefined }> {
  return new Map(
    entries.map(({ payload, reasons }) => {
      const { operation, data } = parseJsonObject(payload)
      const image = isJsonObject(data) ? data : {}
      const text = rawText(image, 'v', sourceType)
      const reason = reasons.map(({ message }) => message).join('; ')
      return [`${String(operation)} ${String(field(image, 'id'))}`, { reason, text }]
    }),
  )
}

/** The id of a row in the form of readings. */
export function shownId(id: number): string {
  return show(BigInt(id))
}

/** Texts that a reader has twice count twice. */
export function isSameBag(left: readonly string[], right: readonly string[]): boolean {
  const sorted = [...right].sort()
  return left.length === right.length && [...left].sort().every((text, index) => text === sorted[index])
}
