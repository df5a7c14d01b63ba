import { createHash } from 'node:crypto'
import type { Table } from '../../core/contract/language/table.ts'
import { isSameVersion, printTableVersion } from '../../core/contract/language/table-version.ts'
import { PipelineError } from '../../core/failures/failures.ts'
import type { CatalogEntry, LakeFile } from '../../core/ports/catalog-entry.ts'
import type {
  Catalog,
  ObjectFiles,
  ObjectStore,
  Quarantine,
  QuarantineEntry,
} from '../../core/ports/ports.ts'
import type { Position } from '../../core/position.ts'
import { replayFileName } from '../../core/replay/replay.ts'
import { firstWritableDate } from './first-writable-date.ts'
import { type LoadFileName, parseLoadFileName } from './load-file-name.ts'

/** One arrived file of a full load. */
export interface LoadFileRequest {
  /** Its key, URL-encoded or not. */
  readonly key: string
  /** Of the object: version id, ETag, or size and time. A reload writes other content under the same key. */
  readonly version: string
  /** Where the rows of the load rank. */
  readonly position: Position
  /** 0 for a first reading. */
  readonly revision: number
  /** Day of the history partition, YYYY-MM-DD; the same each time the file is landed. */
  readonly ingestDate: string
}

/** Local history files of one contract, and how many rows it refused. */
export interface Rewritten {
  readonly files: readonly { readonly path: string; readonly rows: number }[]
  readonly landed: number
  readonly refused: number
}

/** A load file that was found to be Parquet. Holds scratch files until it is closed. */
export interface OpenLoadFile {
  readonly rows: number
  /** Source columns in it, DMS's own left out. */
  readonly columns: readonly string[]
  /**
   * Reads the whole file for a contract; its rows lie in scratch files then, so what fails later is not the file. Throws
   * `landing/corrupt` when it cannot be read, or when a column is of a type that the contract's cannot come from.
   */
  prepare(
    table: Table,
    place: { readonly position: Position; readonly revision: number },
  ): Promise<PreparedLoadFile>
  close(): Promise<void>
}

export interface PreparedLoadFile {
  /** Makes the history files; refused rows go to `refuse` in batches. */
  finish(refuse: (entries: readonly QuarantineEntry[]) => Promise<void>): Promise<Rewritten>
}

export interface LandLoadFileDeps {
  readonly tables: readonly Table[]
  readonly catalog: Pick<Catalog, 'entries' | 'registerPartition'>
  readonly quarantine: Pick<Quarantine, 'put'>
  readonly files: Pick<ObjectFiles, 'publish'>
  readonly objects: Pick<ObjectStore, 'list' | 'delete'>
  /** Opens the file of a key; throws `landing/corrupt` for one that is no load file. */
  readonly open: (key: string, table: string) => Promise<OpenLoadFile>
}

/** What became of a load file. */
export interface LandedLoadFile {
  readonly key: string
  readonly table: string
  readonly rows: number
  readonly contracts: readonly {
    /** `name vN`. */
    readonly contract: string
    readonly landed: number
    readonly refused: number
    readonly files: readonly LakeFile[]
  }[]
}

/**
 * Turns one file of a full load into history of every contract that reads its table, and registers the partition; rows
 * that a contract refuses go to quarantine. Keys derive from the file's key and version: landing it again overwrites.
 * Throws `landing/corrupt`, with what was expected and found, for a file that must be set aside whole, and
 * `format/no-contract` when nothing reads the table; nothing is written then.
 */
export async function landLoadFile(
  request: LoadFileRequest,
  deps: LandLoadFileDeps,
): Promise<LandedLoadFile> {
  const name = parseLoadFileName(request.key)
  if (name === undefined)
    throw corrupt(
      request.key,
      'expected the name of a load file, landing/loads/<load>/<schema>/<table>/LOAD<n>.parquet',
    )
  const tables = deps.tables.filter(({ source }) => source.table === name.table)
  if (tables.length === 0)
    throw new PipelineError('format/no-contract', `${name.key}: no contract reads ${name.table}`)
  const entries = await deps.catalog.entries()
  const readers = tables.map((table) => ({ table, entry: entryOf(table, entries, name.key) }))
  const file = await deps.open(name.key, name.table)
  try {
    for (const { table } of readers) checkColumns(name.key, table, file)
    const { position, revision } = request
    /* Every contract has read the file before the first one writes: what cannot be read leaves nothing. */
    const prepared = []
    for (const reader of readers)
      prepared.push({ ...reader, file: await file.prepare(reader.table, { position, revision }) })
    const contracts = []
    for (const one of prepared) {
      const { files, landed, refused } = await one.file.finish((refusals) => deps.quarantine.put(refusals))
      if (landed + refused !== file.rows)
        throw new RangeError(
          `${name.key}: ${file.rows} rows, but ${landed} landed and ${refused} were refused`,
        )
      contracts.push({
        contract: printTableVersion(one.table),
        landed,
        refused,
        files: await publish(files, one.entry, name, request, deps),
      })
    }
    return { key: name.key, table: name.table, rows: file.rows, contracts }
  } finally {
    await file.close()
  }
}

async function publish(
  files: Rewritten['files'],
  entry: CatalogEntry,
  name: LoadFileName,
  { version, revision, ingestDate: asked }: LoadFileRequest,
  deps: LandLoadFileDeps,
): Promise<readonly LakeFile[]> {
  const { table, partitions } = entry
  const ingestDate = firstWritableDate(entry, asked)
  /* Until readers see the revision of a replay, compaction leaves its files out by their names. */
  const first = revision === 0 ? '' : replayFileName(revision)
  const prefix = `${table.location}/ingest_date=${ingestDate}/${first}${historyName(name, version)}`
  const published: LakeFile[] = []
  for (const [index, { path, rows }] of files.entries()) {
    const key = `${prefix}${index === 0 ? '' : `-${index}`}.parquet`
    published.push({ key, rows, ...(await deps.files.publish(path, key)) })
  }
  /* An earlier landing, under another contract, may have made more files of it. */
  const keys = new Set(published.map(({ key }) => key))
  for (const key of await deps.objects.list(prefix)) if (!keys.has(key)) await deps.objects.delete(key)
  if (published.length > 0 && !partitions.includes(ingestDate))
    await deps.catalog.registerPartition(table.name, table.version, ingestDate)
  return published
}

/* Only the digest tells files of one name apart; the rest is for people. */
function historyName({ key, load, table, name }: LoadFileName, version: string): string {
  const digest = createHash('sha256')
    .update(JSON.stringify([key, version]))
    .digest('hex')
    .slice(0, 16)
  return `load-${plain(load)}-${plain(table)}-${name}-${digest}`
}

function plain(text: string): string {
  return text.replace(/[^A-Za-z0-9_.-]/g, '_').slice(0, 130)
}

function entryOf(of: Table, entries: readonly CatalogEntry[], key: string): CatalogEntry {
  const entry = entries.find(({ table }) => isSameVersion(table, of))
  if (entry === undefined)
    throw new PipelineError('lake/unreadable', `${key}: ${printTableVersion(of)} is not in the catalog`)
  return entry
}

/* A file without the key is of another table, or of another time. */
function checkColumns(key: string, table: Table, { columns }: OpenLoadFile): void {
  const found = new Set(columns)
  const sources = Object.entries(table.columns).map(([name, { from }]) => ({ name, source: from ?? name }))
  const required = sources.filter(({ name }) => table.primaryKey.includes(name)).map(({ source }) => source)
  const missing = required.filter((source) => !found.has(source))
  if (missing.length === 0) return
  const isForeign = !sources.some(({ source }) => found.has(source))
  const expected = isForeign ? `columns of ${table.source.table}` : `the key of ${printTableVersion(table)}`
  throw corrupt(key, `expected ${expected} (${listed(required)}), found ${listed(columns)}`)
}

const MOST_NAMES = 12

function listed(names: readonly string[]): string {
  const rest = names.length - MOST_NAMES
  const shown = names.slice(0, MOST_NAMES).join(', ')
  return names.length === 0 ? 'no columns' : `${shown}${rest > 0 ? ` and ${rest} more` : ''}`
}

function corrupt(key: string, message: string): PipelineError {
  return new PipelineError('landing/corrupt', `${key}: ${message}`)
}
