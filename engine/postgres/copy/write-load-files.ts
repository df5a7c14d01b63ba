import { rm } from 'node:fs/promises'
import { ByteWriter } from '../../../core/bytes/byte-writer.ts'
import { PipelineError } from '../../../core/failures/failures.ts'
import type { LakeFile } from '../../../core/ports/catalog-entry.ts'
import type { ObjectFiles, SqlEngine } from '../../../core/ports/ports.ts'
import { sourceTableName } from '../../../core/source-table-name.ts'
import type { SourceTable } from '../catalog/source-catalog.ts'
import type { Source } from '../connection/source-connection.ts'
import { writeKey } from '../records/key-image.ts'
import { layoutSourceTable, type TableLayout } from '../records/table-layout.ts'
import { CopyReader } from './copy-reader.ts'
import { type CopyOptions, copyTable } from './copy-table.ts'
import { unfitColumnsSql, writeFileSql } from './load-file-sql.ts'
import { type RowChunk, RowChunks } from './row-chunks.ts'

export interface LoadFilesOptions extends CopyOptions {
  readonly engine: SqlEngine
  readonly files: ObjectFiles
  /** Key of the table's folder, without a slash at its end. */
  readonly prefix: string
  /** Bytes of COPY's text for each file (default 64 MiB). */
  readonly fileBytes?: number
  readonly now?: () => number
  /** Called after each file: rows and bytes of all files so far. */
  readonly onRows?: (rows: number, bytes: number) => void
  /** Called with the image of the key, `"data":{…}`, and the size of each row beyond `MAX_ROW_BYTES`: it is in no file. */
  readonly onOversize: (row: { readonly members: Buffer; readonly bytes: number }) => Promise<void>
  /** Called when a file is durable, before the next one is; an error of it ends the load. */
  readonly onFile?: (file: LakeFile) => Promise<void> | void
}

/**
 * Reads one table as of the snapshot into the files that a DMS full load with `TimestampColumnName` DMS_TIMESTAMP and
 * `MapBooleanAsBoolean` writes: `LOAD00000001.parquet` and so on, rows in no order, none for an empty table. Where DMS
 * loses something, this does not: a column with a value that its type cannot hold (infinite, before year 1, after 9999,
 * NaN of a numeric) is text in that file, each value as the stream would send it. All columns are optional in Parquet,
 * decimals lie in the smallest integers that hold them.
 * Holds scratch files of twice `fileBytes` and a row at most, deleted at the end. Throws what `onFile` throws, the signal's
 * reason, source/privilege, source/no-tables, source/unreachable, source/protocol,
 * lake/unreadable. Published files stay when it throws.
 */
export async function writeLoadFiles(
  source: Source,
  snapshot: { readonly snapshotName: string },
  table: SourceTable,
  options: LoadFilesOptions,
): Promise<{ readonly rows: number; readonly files: readonly LakeFile[] }> {
  const name = sourceTableName(table)
  const written = new WrittenFiles(table, options)
  const layout = layoutSourceTable(table)
  let oversize = 0
  const chunks = new RowChunks({
    scratch: () => options.files.scratch('load'),
    chunkBytes: options.fileBytes ?? 64 * 1024 * 1024,
    take: (chunk) => written.add(chunk),
    fields: { columns: table.columns.length, keyColumns: layout.keyColumns },
    oversize: (row, bytes) => {
      oversize += 1
      return options.onOversize({ members: keyMembers(layout, row), bytes })
    },
  })
  try {
    const sent = await copyTable(source, snapshot, table, (bytes) => chunks.write(bytes), options)
    await chunks.end()
    if (sent !== written.rows + oversize)
      throw new PipelineError(
        'source/protocol',
        `COPY of ${name} gave ${written.rows + oversize} rows, not ${sent}`,
      )
    return { rows: written.rows, files: written.files }
  } finally {
    await chunks.close()
  }
}

class WrittenFiles {
  readonly files: LakeFile[] = []
  rows = 0
  private bytes = 0
  private readonly table: SourceTable
  private readonly options: LoadFilesOptions

  constructor(table: SourceTable, options: LoadFilesOptions) {
    this.table = table
    this.options = options
  }

  async add(chunk: RowChunk): Promise<void> {
    const { files, prefix, signal, onRows, onFile } = this.options
    signal?.throwIfAborted()
    const path = await files.scratch('load')
    try {
      const rows = await this.write(chunk, path)
      signal?.throwIfAborted()
      const key = `${prefix}/${fileName(this.files.length + 1)}`
      const file = { key, rows, ...(await files.publish(path, key)) }
      this.files.push(file)
      this.rows += file.rows
      this.bytes += file.bytes
      onRows?.(this.rows, this.bytes)
      await onFile?.(file)
    } finally {
      await rm(path, { force: true })
    }
  }

  /* Values that do not fit are rare: only a file that fails is looked at, and written again. */
  private async write(chunk: RowChunk, path: string): Promise<number> {
    const { engine, now = Date.now } = this.options
    const at = now()
    const none: ReadonlySet<number> = new Set()
    try {
      return await countOf(engine, writeFileSql(this.table, chunk, { path, at, asText: none }))
    } catch (cause) {
      const asText = await this.unfitColumns(chunk).catch(() => none)
      if (asText.size === 0) throw this.unwritten(cause, chunk)
      return await countOf(engine, writeFileSql(this.table, chunk, { path, at, asText })).catch((again) => {
        throw this.unwritten(again, chunk)
      })
    }
  }

  private async unfitColumns(chunk: RowChunk): Promise<ReadonlySet<number>> {
    const [row = []] = await this.options.engine.rows(unfitColumnsSql(this.table, chunk))
    return new Set([...row.keys()].filter((index) => row[index] === true))
  }

  private unwritten(cause: unknown, { longestRow }: RowChunk): PipelineError {
    const code = cause instanceof PipelineError ? cause.code : 'lake/unreadable'
    const most = Math.ceil(longestRow / 1024 / 1024)
    return new PipelineError(
      code,
      `the rows of ${sourceTableName(this.table)} cannot be written as a load file; none is longer than ${most} MiB`,
      { cause },
    )
  }
}

function keyMembers(layout: TableLayout, row: Buffer): Buffer {
  const out = new ByteWriter(1024)
  new CopyReader(layout.columns.length).push(row, (view) => writeKey(out, layout, view))
  return Buffer.from(`"data":{${out.take().toString('utf8')}}`)
}

async function countOf(engine: SqlEngine, sql: string): Promise<number> {
  const [[rows] = []] = await engine.rows(sql)
  return Number(rows)
}

function fileName(number: number): string {
  return `LOAD${number.toString(16).toUpperCase().padStart(8, '0')}.parquet`
}
