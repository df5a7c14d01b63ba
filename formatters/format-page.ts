import { createHash } from 'node:crypto'
import { type Block, encodeBlockHeader, type LakeRow } from '../core/block.ts'
import type { Change } from '../core/change.ts'
import type { Table } from '../core/contract/table.ts'
import { parseJsonObject, stringifyJson } from '../core/json.ts'
import { decodePage, type Page } from '../core/page.ts'
import type { QuarantineEntry, Reason } from '../core/ports.ts'
import type { Route } from './route.ts'

/** What became of changes: each is, for each contract, in blocks or refused; with no contract it is refused. */
export interface FormattedChanges {
  readonly blocks: readonly Block[]
  readonly refused: readonly QuarantineEntry[]
  /** Source fields that a contract did not know and kept in `_extra`. */
  readonly unknownFields: ReadonlySet<string>
  /** Indexes of the changes, in the order they were given, that every contract accepted. */
  readonly accepted: readonly number[]
}

export interface FormatOptions {
  readonly maxBlockBytes: number
  /** Revision of the rows: 0 for a first reading, raised by each replay. */
  readonly revision?: number
}

/** Formats every change of a page for every live contract of its table; see `formatChanges`. */
export function formatPage(page: Page, routes: readonly Route[], maxBlockBytes: number): FormattedChanges {
  return formatChanges(decodePage(page), routes, { maxBlockBytes })
}

/**
 * Formats changes of one table for every live contract. A refused change is returned whole with its reasons; its
 * neighbours are formatted. Blocks hold at most `maxBlockBytes`.
 */
export function formatChanges(
  changes: Iterable<Change>,
  routes: readonly Route[],
  { maxBlockBytes, revision = 0 }: FormatOptions,
): FormattedChanges {
  const refused: QuarantineEntry[] = []
  const unknownFields = new Set<string>()
  const accepted: number[] = []
  const packers = routes.map((route) => ({ route, packer: blockPacker(route, maxBlockBytes) }))
  let index = 0
  for (const change of changes) {
    const before = refused.length
    if (packers.length === 0) refused.push(refusal(change, null, [noContract(change.table)]))
    for (const { route, packer } of packers) {
      const outcome = route.codec.format(change)
      if (outcome.kind === 'refused') refused.push(refusal(change, route.table, outcome.reasons))
      else {
        for (const row of outcome.rows) noteUnknown(row, unknownFields)
        const lines = outcome.rows.map((row) => `${JSON.stringify(atRevision(row, revision))}\n`)
        if (!packer.add(lines)) refused.push(refusal(change, route.table, [tooLarge(maxBlockBytes)]))
      }
    }
    if (refused.length === before) accepted.push(index)
    index += 1
  }
  return { blocks: packers.flatMap(({ packer }) => packer.finish()), refused, unknownFields, accepted }
}

function atRevision(row: LakeRow, revision: number): LakeRow {
  const [operation, position, , ...rest] = row
  return revision === 0 ? row : [operation, position, revision, ...rest]
}

function noteUnknown(row: LakeRow, found: Set<string>): void {
  const extra = row[5]
  if (extra === null) return
  for (const name of Object.keys(parseJsonObject(extra))) found.add(name)
}

interface BlockPacker {
  /** Adds the rows of one change; false, and nothing added, when they alone pass the limit. */
  add(lines: readonly string[]): boolean
  finish(): readonly Block[]
}

function blockPacker({ table: { name, version }, codec }: Route, maxBytes: number): BlockPacker {
  const header = encodeBlockHeader({ table: name, version, columns: codec.columns })
  const blocks: Block[] = []
  let lines: string[] = []
  let bytes = header.length
  const close = () => {
    if (lines.length > 0) {
      const text = Buffer.from(header + lines.join(''))
      blocks.push({ table: name, version, rows: lines.length, text })
    }
    lines = []
    bytes = header.length
  }
  return {
    add(rows) {
      const size = rows.reduce((sum, row) => sum + Buffer.byteLength(row), 0)
      if (header.length + size > maxBytes) return false
      if (bytes + size > maxBytes) close()
      lines.push(...rows)
      bytes += size
      return true
    },
    finish() {
      close()
      return blocks
    },
  }
}

function refusal(change: Change, table: Table | null, reasons: readonly Reason[]): QuarantineEntry {
  const contract = table === null ? null : `${table.name} v${table.version}`
  const { position, operation, committedAt, data, before } = change
  /* Rows of one load share a position: a digest of the row makes the id whole. */
  const payload = stringifyJson({
    operation,
    position,
    'committed-at': committedAt,
    data,
    'before-image': before ?? null,
  })
  return {
    id: `${change.table}#${position}#${contract ?? '-'}${operation === 'load' ? `#${digest(payload)}` : ''}`,
    stage: 'format',
    table: change.table,
    contract,
    position,
    reasons,
    payload,
    encoding: 'json',
  }
}

function digest(payload: string): string {
  return createHash('sha256').update(payload).digest('hex').slice(0, 32)
}

function noContract(table: string): Reason {
  return { code: 'format/no-contract', path: '', message: `no contract reads ${table}` }
}

function tooLarge(limit: number): Reason {
  return { code: 'format/row-too-large', path: '', message: `is larger than ${limit} bytes as a lake row` }
}
