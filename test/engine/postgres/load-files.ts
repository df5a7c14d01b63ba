import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type FileMetaData, type ParquetParsers, parquetMetadata, parquetReadObjects } from 'hyparquet'
import { onTestFinished } from 'vitest'
import type { Change } from '../../../core/change.ts'
import { loadPosition } from '../../../core/position.ts'
import { DuckEngine } from '../../../engine/duckdb/duck-engine.ts'
import type { SourceTable } from '../../../engine/postgres/catalog/source-catalog.ts'
import type { Source } from '../../../engine/postgres/connection/source-connection.ts'
import { type LoadFilesOptions, writeLoadFiles } from '../../../engine/postgres/copy/write-load-files.ts'
import { openSnapshot } from '../../../engine/postgres/stream/snapshot.ts'
import { readLoadRows } from '../../../local/loads/read-load-rows.ts'
import { FolderFiles } from '../../../local/stores/folder-files.ts'
import { FolderObjects } from '../../../local/stores/folder-objects.ts'
import { tempFolder } from '../../support/temp-folder.ts'

export type Row = Readonly<Record<string, unknown>>

const PREFIX = 'landing/loads/l1/public/t'

/** A lake folder with an engine, for one test. */
export class LoadFolder {
  readonly objects: FolderObjects
  private readonly scratch: string
  private readonly engine: DuckEngine
  private readonly files: FolderFiles

  private constructor(folder: string, engine: DuckEngine) {
    this.engine = engine
    this.scratch = join(folder, 'scratch')
    this.objects = new FolderObjects(join(folder, 'lake'))
    this.files = new FolderFiles(this.objects, this.scratch)
  }

  static async open(): Promise<LoadFolder> {
    const folder = await tempFolder()
    const engine = await DuckEngine.open({ temporary: join(folder, 'temporary'), memory: '256MB' })
    onTestFinished(() => engine.close())
    return new LoadFolder(folder, engine)
  }

  /** Writes the table as of now, or of a snapshot that is given. */
  async write(
    source: Source,
    table: SourceTable | undefined,
    options: Partial<LoadFilesOptions> & { readonly snapshotName?: string } = {},
  ) {
    if (table === undefined) throw new Error('no such table')
    const { snapshotName, ...rest } = options
    const snapshot = snapshotName === undefined ? await openSnapshot(source) : undefined
    const { engine, files } = this
    try {
      return await writeLoadFiles(
        source,
        { snapshotName: snapshotName ?? snapshot?.snapshotName ?? '' },
        table,
        {
          engine,
          files,
          prefix: PREFIX,
          onOversize: () => Promise.reject(new Error('a row that is too large')),
          ...rest,
        },
      )
    } finally {
      await snapshot?.close()
    }
  }

  /** The first file that was written, read by a library that shares no code with its writer. */
  async first(): Promise<{ readonly rows: readonly Row[]; readonly metadata: FileMetaData }> {
    const file = await this.buffer(`${PREFIX}/LOAD00000001.parquet`)
    return { rows: await readRows(file), metadata: parquetMetadata(file) }
  }

  async rows(key: string): Promise<readonly Row[]> {
    return readRows(await this.buffer(key))
  }

  /** Every row that was written, as the stream would bring it. */
  async changes(limit?: number): Promise<readonly Change[]> {
    const { engine, files } = this
    const changes: Change[] = []
    for (const key of await this.keys()) {
      const options = { engine, files, table: 'public.t', position: loadPosition(1, 16n) }
      const read = readLoadRows(key, limit === undefined ? options : { ...options, limit })
      for await (const change of read) changes.push(change)
    }
    return changes
  }

  keys(): Promise<readonly string[]> {
    return this.objects.list('landing/')
  }

  async leftovers(): Promise<readonly string[]> {
    return readdir(this.scratch).catch(() => [])
  }

  private async buffer(key: string): Promise<ArrayBuffer> {
    return new Uint8Array(await readFile(this.objects.path(key))).buffer
  }
}

/** The types of a file's columns: physical type, a slash, logical type. */
export function columnTypes({ schema }: FileMetaData): Readonly<Record<string, string>> {
  return Object.fromEntries(
    schema.slice(1).map((field) => {
      const { name, type, converted_type, logical_type, precision, scale } = field
      const isUtc = logical_type?.type === 'TIMESTAMP' && logical_type.isAdjustedToUTC ? ' UTC' : ''
      const digits = converted_type === 'DECIMAL' ? `(${precision},${scale})` : ''
      return [name, `${type}/${converted_type ?? ''}${digits}${isUtc}`]
    }),
  )
}

const decoder = new TextDecoder('utf-8', { ignoreBOM: true })

/* The library's own turn instants into dates, which hold milliseconds. */
const exactParsers: Partial<ParquetParsers> = {
  timestampFromMicroseconds: (micros) => micros,
  dateFromDays: (days) => days,
  stringFromBytes: (bytes) => decoder.decode(bytes),
}

async function readRows(file: ArrayBuffer): Promise<readonly Row[]> {
  return parquetReadObjects({ file, parsers: exactParsers, utf8: false })
}
