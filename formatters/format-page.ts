import { hash } from 'node:crypto'
import type { Block } from '../core/block.ts'
import { ByteWriter } from '../core/bytes/byte-writer.ts'
import { PageLines } from '../core/bytes/page-lines.ts'
import type { Change } from '../core/change.ts'
import type { LakeRow } from '../core/contract/language/lake-row.ts'
import type { Table } from '../core/contract/language/table.ts'
import { printAnyVersion, type TableVersion, versionOf } from '../core/contract/language/table-version.ts'
import { parseJsonObject, stringifyJson } from '../core/json.ts'
import type { Page } from '../core/page.ts'
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
  /** Null when no contract reads the table. */
  readonly contract: TableVersion | null
  readonly blocks: readonly Block[]
  /** Those that capture refused are among them, and wait under its name. */
  readonly refused: number
  readonly marks: number
}

export interface FormatOptions {
  readonly maxBlockBytes: number
  /** Revision of the rows: 0 for a first reading, raised by each replay. */
  readonly revision?: number | ((table: Table) => number)
  /** Where the changes come from, for the label of their blocks; a redrive unless told. */
  readonly origin?: BlockOrigin
  /** Whether refused changes leave marks; they do unless told. */
  readonly hasMarks?: boolean
}

/** Formats every change of a page for every live contract of its table; see `formatChanges`. */
export function formatPage(
  page: Page,
  routes: readonly Route[],
  maxBlockBytes: number,
  revision: NonNullable<FormatOptions['revision']> = 0,
): FormattedChanges {
  const origin = { origin: 'page' as const, page: page.key }
  return new Formatter(routes, { maxBlockBytes, revision, origin }).format(new PageLines(page))
}

/**
 * Formats changes of one table for every live contract. A refused change is returned whole with its reasons, and leaves a
 * mark in the blocks where its key can be read; its neighbours are formatted. Blocks hold at most `maxBlockBytes`.
 */
export function formatChanges(
  changes: Iterable<Change>,
  routes: readonly Route[],
  options: FormatOptions,
): FormattedChanges {
  return new Formatter(routes, options).format(parsed(changes))
}

/* Changes that are there already, in the place of the lines of a page. */
function parsed(changes: Iterable<Change>): Feed {
  const iterator = changes[Symbol.iterator]()
  let at: Change | undefined
  return {
    next: () => {
      at = iterator.next().value
      return at !== undefined
    },
    change: () => {
      if (at === undefined) throw new RangeError('no change')
      return at
    },
  }
}

/** Changes one after the other. */
type Feed = Pick<PageLines, 'next' | 'change'>

interface Packer {
  readonly route: Route
  readonly packer: BlockPacker
  readonly revision: number
  refused: number
  marks: number
}

/* One line is written at a time. */
const scratch = new ByteWriter()

class Formatter {
  private readonly options: FormatOptions
  private readonly packers: readonly Packer[]
  private readonly refused: QuarantineEntry[] = []
  private readonly unknownFields = new Set<string>()

  constructor(routes: readonly Route[], options: FormatOptions) {
    const { maxBlockBytes, revision = 0, origin = { origin: 'redrive' } } = options
    this.options = options
    this.packers = routes.map((route) => ({
      route,
      packer: new BlockPacker(route, { maxBytes: maxBlockBytes, origin }),
      revision: typeof revision === 'number' ? revision : revision(route.table),
      refused: 0,
      marks: 0,
    }))
  }

  format(feed: Feed): FormattedChanges {
    const accepted: number[] = []
    let index = 0
    for (; feed.next(); index += 1) {
      const before = this.refused.length
      let change: Change | undefined
      let isChange = true
      for (const one of this.packers) {
        if (feed instanceof PageLines && this.addLine(one, feed)) continue
        /* Only for who cannot do with the bytes of the line. */
        change ??= feed.change()
        isChange = this.add(one, change)
      }
      if (this.packers.length === 0) isChange = this.addToNone(feed.change())
      if (isChange && this.refused.length === before) accepted.push(index)
    }
    return this.finish(accepted, index)
  }

  /* False when the line codec is not sure of the line. */
  private addLine({ route, packer, revision }: Packer, line: PageLines): boolean {
    scratch.clear()
    if (!line.isFlat || !route.lines.write(line, scratch, revision)) return false
    return packer.add(line.position, scratch.view(), 1)
  }

  /* What stands in the place of a change that capture refused waits already. */
  private addToNone(change: Change): boolean {
    if (change.operation === 'refused') return false
    this.refused.push(refusal(change, null, [noContract(change.table)]))
    return true
  }

  /* False for what stands in the place of a change that capture refused. */
  private add(one: Packer, change: Change): boolean {
    const { route, packer, revision } = one
    const { maxBlockBytes, hasMarks = true } = this.options
    if (change.operation === 'refused') {
      one.refused += 1
      one.marks += this.addMark(one, change)
      return false
    }
    const outcome = route.codec.format(change)
    let reasons = outcome.kind === 'refused' ? outcome.reasons : []
    if (outcome.kind !== 'refused') {
      for (const row of outcome.rows) noteUnknown(row, this.unknownFields)
      const lines = Buffer.from(outcome.rows.map((row) => lineOf(row, revision)).join(''))
      if (!packer.add(change.position, lines, outcome.rows.length)) reasons = [tooLarge(maxBlockBytes)]
    }
    if (reasons.length === 0) return true
    if (hasMarks) one.marks += this.addMark(one, change)
    this.refused.push(refusal(change, route.table, reasons))
    one.refused += 1
    return true
  }

  private addMark({ route, packer, revision }: Packer, change: Change): 0 | 1 {
    const mark = route.codec.mark(change)
    return mark !== undefined && packer.addMark(change.position, Buffer.from(lineOf(mark, revision))) ? 1 : 0
  }

  private finish(accepted: readonly number[], changes: number): FormattedChanges {
    const { refused, unknownFields } = this
    const contracts: ContractCount[] = this.packers.map(({ route: { table }, packer, ...one }) => ({
      contract: versionOf(table),
      blocks: packer.finish(),
      refused: one.refused,
      marks: one.marks,
    }))
    if (this.packers.length === 0) contracts.push({ contract: null, blocks: [], refused: changes, marks: 0 })
    const blocks = contracts.flatMap((one) => one.blocks)
    return { blocks, refused, unknownFields, accepted, changes, contracts }
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
  const contract = table === null ? null : versionOf(table)
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
    id: `${change.table}#${position}#${printAnyVersion(contract) ?? '-'}${operation === 'load' ? `#${digest(payload)}` : ''}`,
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
