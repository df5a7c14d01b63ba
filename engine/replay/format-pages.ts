import { createHash } from 'node:crypto'
import type { Block } from '../../core/block.ts'
import { decodeBlockHeader } from '../../core/block.ts'
import type { Change } from '../../core/change.ts'
import type { Table } from '../../core/contract/language/table.ts'
import { printTableVersion } from '../../core/contract/language/table-version.ts'
import { PipelineError } from '../../core/failures/failures.ts'
import { decodePage, type Page } from '../../core/page.ts'
import type { HistoryFile, PositionRange, Quarantine } from '../../core/ports/ports.ts'
import { formatChanges } from '../../formatters/format-page.ts'
import type { Route } from '../../formatters/route.ts'
import { historyFiles } from '../../lake/history/history-file.ts'

export interface FormatPagesRequest {
  readonly route: Route
  readonly revision: number
  readonly range: PositionRange
  readonly isDryRun: boolean
  /** The largest lake row, with its header: a larger one is refused, as delivery would. */
  readonly maxBlockBytes: number
}

/** Pages that were read, and the history file of their rows; undefined when there are none, or nothing is written. */
export interface FormattedPages {
  readonly pages: number
  readonly changes: number
  /** Rows of changes; the file may have marks of refused ones beside them. */
  readonly rows: number
  readonly refused: number
  readonly file:
    | {
        readonly parts: readonly Uint8Array[]
        readonly rows: number
        readonly bytes: number
        readonly sha256: string
      }
    | undefined
}

/* Of one history file: memory holds one page as rows and the file so far. */
const CHUNK_PAGES = 16
const CHUNK_BYTES = 32 << 20

/**
 * Formats the next pages for one contract, as many as go into one history file. What is refused is in quarantine when it
 * resolves, except in a dry run.
 */
export async function formatPages(
  next: () => Promise<Page | undefined>,
  { route, revision, range, isDryRun, maxBlockBytes }: FormatPagesRequest,
  quarantine: Pick<Quarantine, 'put'>,
): Promise<FormattedPages> {
  const file = openFile(route.table)
  const options = { maxBlockBytes, revision, origin: { origin: 'replay' } as const }
  const counts = { pages: 0, changes: 0, rows: 0, refused: 0 }
  let bytes = 0
  while (counts.pages < CHUNK_PAGES && bytes < CHUNK_BYTES) {
    const page = await next()
    if (page === undefined) break
    const outcome = formatChanges(inRange(decodePage(page), range), [route], options)
    if (outcome.refused.length > 0 && !isDryRun) await quarantine.put(outcome.refused)
    for (const block of outcome.blocks) {
      bytes += block.text.length
      if (!isDryRun) addBlock(file, block)
    }
    counts.pages += 1
    counts.changes += outcome.changes
    for (const { blocks, marks, refused } of outcome.contracts) {
      counts.rows += blocks.reduce((sum, { rows }) => sum + rows, -marks)
      counts.refused += refused
    }
  }
  return { ...counts, file: isDryRun || bytes === 0 ? undefined : finished(file) }
}

function finished(file: HistoryFile): FormattedPages['file'] {
  const { parts, rows, bytes } = file.finish()
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part)
  return { parts, rows, bytes, sha256: hash.digest('hex') }
}

function* inRange(changes: Iterable<Change>, { from = '', to = '~' }: PositionRange): Generator<Change> {
  for (const change of changes) if (change.position >= from && change.position <= to) yield change
}

function openFile(table: Table): HistoryFile {
  const file = historyFiles([table])(table.name, table.version)
  if (file === undefined)
    throw new PipelineError('lake/unreadable', `${printTableVersion(table)} has no encoder`)
  return file
}

function addBlock(file: HistoryFile, { text }: Block): void {
  const end = text.indexOf(10)
  const header = decodeBlockHeader(text.toString('utf8', 0, end))
  if (header !== undefined) file.add(header, text.subarray(end + 1))
}
