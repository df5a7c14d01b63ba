import { writeFile } from 'node:fs/promises'
import { type Block, decodeBlockHeader } from '../../core/block.ts'
import type { Table } from '../../core/contract/language/table.ts'
import type { MaskKey } from '../../core/contract/masking/pii.ts'
import type {
  HistoryFile,
  HistoryFiles,
  ObjectFiles,
  QuarantineEntry,
  SqlEngine,
} from '../../core/ports/ports.ts'
import { MAX_ROW_JSON_BYTES } from '../../core/row-limit.ts'
import { formatChanges } from '../../formatters/format-page.ts'
import { routeOf } from '../../formatters/route.ts'
import type { LoadPlace } from '../../lake/load-file/load-sql.ts'
import type { ReadableFile } from './readable-file.ts'
import { loadChange, readSourceRows } from './source-rows.ts'

export interface RewriteDeps {
  readonly engine: SqlEngine
  readonly files: Pick<ObjectFiles, 'scratch'>
  readonly historyFiles: HistoryFiles
  readonly key: MaskKey
  /** Every file that is made is noted here; who opened the load file deletes what is left. */
  readonly scratch: string[]
}

/** Rows that the SQL of a contract did not accept, as the scratch file holds them. */
export interface PassedOn {
  readonly path: string
  readonly rows: number
}

export interface PassedOnContext {
  readonly file: ReadableFile
  readonly table: Table
  readonly place: LoadPlace
  readonly refuse: (entries: readonly QuarantineEntry[]) => Promise<void>
}

/* The blocks of one history file, which its encoder holds compressed. */
const FILE_BYTES = 64 * 1024 * 1024

/** Takes rows through the row codec: into further history files, or with their reasons to `refuse`. */
export async function formatPassedOn(
  passedOn: PassedOn,
  { file, table, place, refuse }: PassedOnContext,
  deps: RewriteDeps,
): Promise<{ readonly files: readonly PassedOn[]; readonly landed: number; readonly refused: number }> {
  if (passedOn.rows === 0) return { files: [], landed: 0, refused: 0 }
  const route = routeOf(table, deps.key)
  const columns = file.columns.filter(({ isOwn }) => !isOwn)
  const writer = new HistoryWriter(table, deps)
  let refused = 0
  for await (const rows of readSourceRows(passedOn.path, columns, deps.engine)) {
    const changes = rows.map((row) => loadChange(file.table, place.position, row))
    const formatted = formatChanges(changes, [route], {
      maxBlockBytes: MAX_ROW_JSON_BYTES,
      revision: place.revision,
      /* Once a load is complete nothing from before it counts. */
      hasMarks: false,
    })
    for (const block of formatted.blocks) await writer.add(block)
    if (formatted.refused.length > 0) await refuse(formatted.refused)
    refused += formatted.refused.length
  }
  const files = await writer.finish()
  return { files, landed: files.reduce((sum, { rows }) => sum + rows, 0), refused }
}

/** History files of blocks, a new one when the last is large. */
class HistoryWriter {
  private readonly table: Table
  private readonly deps: RewriteDeps
  private readonly files: PassedOn[] = []
  private open: HistoryFile | undefined
  private bytes = 0

  constructor(table: Table, deps: RewriteDeps) {
    this.table = table
    this.deps = deps
  }

  async add({ text }: Block): Promise<void> {
    const lineEnd = text.indexOf(10)
    const header = decodeBlockHeader(text.toString('utf8', 0, lineEnd))
    this.open ??= this.deps.historyFiles(this.table.name, this.table.version)
    if (header === undefined || this.open === undefined) throw new RangeError('a block of no known table')
    this.open.add(header, text.subarray(lineEnd + 1))
    this.bytes += text.length
    if (this.bytes >= FILE_BYTES) await this.close()
  }

  async finish(): Promise<readonly PassedOn[]> {
    await this.close()
    return this.files
  }

  private async close(): Promise<void> {
    if (this.open === undefined) return
    const { rows, parts } = this.open.finish()
    const path = await this.deps.files.scratch('load-rest')
    this.deps.scratch.push(path)
    await writeFile(path, parts, { mode: 0o600 })
    this.files.push({ path, rows })
    this.open = undefined
    this.bytes = 0
  }
}
