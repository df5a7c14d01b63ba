import { createHash } from 'node:crypto'
import { type Block, encodeBlockHeader } from '../core/block.ts'
import type { Change } from '../core/change.ts'
import type { Table } from '../core/contract/table.ts'
import { stringifyJson } from '../core/json.ts'
import { decodePage, type Page } from '../core/page.ts'
import type { QuarantineEntry, Reason } from '../core/ports.ts'
import type { Route } from './route.ts'

/** What became of one page: `changes` = changes of each contract in blocks + refused; with no contract all are refused. */
export interface FormattedPage {
  readonly blocks: readonly Block[]
  readonly refused: readonly QuarantineEntry[]
}

/**
 * Formats every change of a page for every live contract of its table. A refused change is returned
 * whole with its reasons; its neighbours are formatted. Blocks hold at most `maxBlockBytes`.
 */
export function formatPage(page: Page, routes: readonly Route[], maxBlockBytes: number): FormattedPage {
  const refused: QuarantineEntry[] = []
  const packers = routes.map((route) => ({ route, packer: blockPacker(route, maxBlockBytes) }))
  for (const change of decodePage(page)) {
    if (packers.length === 0) refused.push(refusal(change, null, [noContract(change.table)]))
    for (const { route, packer } of packers) {
      const outcome = route.codec.format(change)
      if (outcome.kind === 'refused') refused.push(refusal(change, route.table, outcome.reasons))
      else {
        const lines = outcome.rows.map((row) => `${JSON.stringify(row)}\n`)
        if (!packer.add(lines)) refused.push(refusal(change, route.table, [tooLarge(maxBlockBytes)]))
      }
    }
  }
  return { blocks: packers.flatMap(({ packer }) => packer.finish()), refused }
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
