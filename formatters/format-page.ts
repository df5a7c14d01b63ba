import { hash } from 'node:crypto'
import type { Block } from '../core/block.ts'
import type { Change } from '../core/change.ts'
import type { LakeRow } from '../core/contract/language/lake-row.ts'
import type { Table } from '../core/contract/language/table.ts'
import { printTableVersion } from '../core/contract/language/table-version.ts'
import { parseJsonObject, stringifyJson } from '../core/json.ts'
import { decodePage, type Page } from '../core/page.ts'
import type { QuarantineEntry, Reason } from '../core/ports/ports.ts'
import { type BlockOrigin, BlockPacker } from './block-packer.ts'
import type { Route } from './route.ts'

/** What became of changes: each is, for each contract, in blocks or refused; with no contract it is refused. */
export interface FormattedChanges {
  readonly blocks: readonly Block[]
  readonly refused: readonly QuarantineEntry[]
  /** Source fields that a contract did not know and kept in `_extra`. */
  readonly unknownFields: ReadonlySet<string>
  /** Indexes of the changes, in the order they were given, that every contract accepted. */
  readonly accepted: readonly number[]
  /** How many changes there were, and what each contract did with them. */
  readonly changes: number
  readonly contracts: readonly ContractCount[]
}

/** Changes = those of the blocks + refused. Rows of the blocks = those of changes + marks. */
export interface ContractCount {
  /** `name vN`; null when no contract reads the table. */
  readonly contract: string | null
  readonly blocks: readonly Block[]
  /** Those that capture refused are among them, and wait under its name. */
  readonly refused: number
  readonly marks: number
}

export interface FormatOptions {
  readonly maxBlockBytes: number
  /** Revision of the rows: 0 for a first reading, raised by each replay. */
  readonly revision?: number
  /** Where the changes come from, for the label of their blocks; a redrive unless told. */
  readonly origin?: BlockOrigin
  /** Whether refused changes leave marks; they do unless told. */
  readonly hasMarks?: boolean
}

/** Formats every change of a page for every live contract of its table; see `formatChanges`. */
export function formatPage(page: Page, routes: readonly Route[], maxBlockBytes: number): FormattedChanges {
  return formatChanges(decodePage(page), routes, {
    maxBlockBytes,
    origin: { origin: 'page', page: page.key },
  })
}

/**
 * Formats changes of one table for every live contract. A refused change is returned whole with its reasons, and leaves a
 * mark in the blocks where its key can be read; its neighbours are formatted. Blocks hold at most `maxBlockBytes`.
 */
export function formatChanges(
  changes: Iterable<Change>,
  routes: readonly Route[],
  { maxBlockBytes, revision = 0, origin = { origin: 'redrive' }, hasMarks = true }: FormatOptions,
): FormattedChanges {
  const refused: QuarantineEntry[] = []
  const unknownFields = new Set<string>()
  const accepted: number[] = []
  const packers = routes.map((route) => ({
    route,
    packer: new BlockPacker(route, { maxBytes: maxBlockBytes, origin }),
    ...{ refused: 0, marks: 0 },
  }))
  let index = 0
  for (const change of changes) {
    const before = refused.length
    index += 1
    if (change.operation === 'refused') {
      for (const one of packers) {
        one.refused += 1
        one.marks += addMark(one, change)
      }
      continue
    }
    if (packers.length === 0) refused.push(refusal(change, null, [noContract(change.table)]))
    for (const one of packers) {
      const { route, packer } = one
      const outcome = route.codec.format(change)
      let reasons = outcome.kind === 'refused' ? outcome.reasons : []
      if (outcome.kind !== 'refused') {
        for (const row of outcome.rows) noteUnknown(row, unknownFields)
        const lines = outcome.rows.map((row) => lineOf(row, revision))
        if (!packer.add(change.position, lines)) reasons = [tooLarge(maxBlockBytes)]
      }
      if (reasons.length === 0) continue
      if (hasMarks) one.marks += addMark(one, change)
      refused.push(refusal(change, route.table, reasons))
      one.refused += 1
    }
    if (refused.length === before) accepted.push(index - 1)
  }
  const contracts: ContractCount[] = packers.map(({ route: { table }, packer, ...one }) => ({
    contract: printTableVersion(table),
    blocks: packer.finish(),
    ...{ refused: one.refused, marks: one.marks },
  }))
  if (packers.length === 0) contracts.push({ contract: null, blocks: [], refused: index, marks: 0 })
  const blocks = contracts.flatMap((one) => one.blocks)
  return { blocks, refused, unknownFields, accepted, changes: index, contracts }

  function addMark({ route, packer }: { route: Route; packer: BlockPacker }, change: Change): 0 | 1 {
    const mark = route.codec.mark(change)
    return mark !== undefined && packer.addMark(change.position, lineOf(mark, revision)) ? 1 : 0
  }
}

function lineOf(row: LakeRow, revision: number): string {
  return `${JSON.stringify(atRevision(row, revision))}\n`
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

function refusal(change: Change, table: Table | null, reasons: readonly Reason[]): QuarantineEntry {
  const contract = table === null ? null : printTableVersion(table)
  const { position, operation, committedAt, data, before, isWhole } = change
  /* Rows of one load share a position: a digest of the row makes the id whole. */
  const payload = stringifyJson({
    operation,
    position,
    'committed-at': committedAt,
    data,
    'before-image': before ?? null,
    ...(isWhole === true ? { whole: true } : {}),
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
  return hash('sha256', payload).slice(0, 32)
}

function noContract(table: string): Reason {
  return { code: 'format/no-contract', path: '', message: `no contract reads ${table}` }
}

function tooLarge(limit: number): Reason {
  return { code: 'format/row-too-large', path: '', message: `is larger than ${limit} bytes as a lake row` }
}
