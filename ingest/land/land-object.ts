import { createHash } from 'node:crypto'
import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'
import { type BlockHeader, decodeBlockHeader } from '../../core/block.ts'
import { printTableVersion } from '../../core/contract/language/table-version.ts'
import { PipelineError } from '../../core/failures/failures.ts'
import type { LandedObject, ManifestChange, NamedBlock } from '../../core/ledger/ledger.ts'
import { nameOfBlock } from '../../core/ledger/ledger.ts'
import type { Catalog, HistoryFile, HistoryFiles, ObjectStore } from '../../core/ports/ports.ts'
import { firstWritableDate } from './first-writable-date.ts'

export interface LandDeps {
  readonly objects: ObjectStore
  readonly catalog: Catalog
  readonly historyFiles: HistoryFiles
}

/** What became of one landed object. */
export interface Landed {
  readonly files: readonly {
    readonly table: string
    readonly version: number
    readonly key: string
    readonly rows: number
  }[]
  /** Commit times of its rows, epoch milliseconds. */
  readonly commits: readonly number[]
  /** The same for the ledger. */
  readonly record: LandedObject
}

const MAX_OBJECT_BYTES = 1 << 30
/* Of one piece of what is unzipped: each further piece is another turn of the event loop, and is copied in the end. */
const PIECE_BYTES = { least: 16 << 10, most: 32 << 20 }
const KEY = /^landing\/changes\/(\d{4})\/(\d{2})\/(\d{2})\/\d{2}\/([A-Za-z0-9_-]+)\.ndjson\.gz$/

/** Whether a key is one that a delivered object has. */
export function isDelivered(key: string): boolean {
  return KEY.test(key)
}

/**
 * Turns a delivered object into history Parquet, one file for each table version in it, and registers the partitions.
 * File keys derive from the object's key: landing it again overwrites the same files. When it resolves, the rows are
 * queryable and the object may go. Throws `landing/corrupt` for an object that cannot be read; nothing is written then.
 */
export async function landObject(key: string, { objects, catalog, historyFiles }: LandDeps): Promise<Landed> {
  const [, year, month, day, name] = KEY.exec(key) ?? []
  if (name === undefined)
    throw new PipelineError('landing/corrupt', `${key} is not the name of a delivered object`)
  const files = readBlocks(await contentOf(key, objects), key, historyFiles)
  const entries = await catalog.entries()

  const known = files.map((file) => {
    const entry = entries.find(({ table }) => table.name === file.table && table.version === file.version)
    if (entry === undefined)
      throw new PipelineError(
        'landing/corrupt',
        `${key}: ${printTableVersion({ name: file.table, version: file.version })} is not in the catalog`,
      )
    return { ...file, entry }
  })

  const landed: { table: string; version: number; key: string; rows: number }[] = []
  const manifest: ManifestChange[] = []
  const commits: number[] = []
  /* All of them first: an object that is not whole lands nothing. */
  const finished = known.map((one) => ({ ...one, ...wholeFile(one, key) }))
  for (const { table, version, blocks, entry, rows, bytes, parts, commits: times, truncates } of finished) {
    const ingestDate = firstWritableDate(entry, `${year}-${month}-${day}`)
    const path = `${entry.table.location}/ingest_date=${ingestDate}/${name}.parquet`
    await objects.put(path, parts)
    /* Known on all but the first object of a day: the catalog is not read and written for nothing. */
    if (!entry.partitions.includes(ingestDate)) await catalog.registerPartition(table, version, ingestDate)
    for (const position of truncates)
      await catalog.addFloor(entry.table.source, { position, reason: 'truncate' })
    landed.push({ table, version, key: path, rows })
    const added = [{ key: path, rows, bytes, sha256: digestOf(parts), ...reachOf(blocks) }]
    manifest.push({ table, version, day: ingestDate, added, removed: [] })
    for (const time of times) commits.push(time)
  }
  const blocks = known.flatMap((one) => one.blocks)
  return { files: landed, commits, record: { object: key, blocks, files: manifest } }
}

function digestOf(parts: readonly Uint8Array[]): string {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part)
  return hash.digest('hex')
}

/** The names of the blocks in an object as far as it can be read: of what is set aside the ledger knows them then. */
export async function blocksIn(
  key: string,
  objects: Pick<ObjectStore, 'get'>,
): Promise<readonly NamedBlock[]> {
  const content = await contentOf(key, objects).catch((error: unknown) => {
    if (error instanceof PipelineError && error.code === 'landing/corrupt') return Buffer.alloc(0)
    throw error
  })
  const blocks: NamedBlock[] = []
  for (let at = 0; at < content.length; ) {
    const lineEnd = content.indexOf(10, at)
    if (lineEnd < 0) break
    if (content[at] === 0x7b) blocks.push(...labelOf(content.toString('utf8', at, lineEnd)))
    const next = content.indexOf('\n{', lineEnd)
    at = next < 0 ? content.length : next + 1
  }
  return blocks
}

function labelOf(line: string): readonly NamedBlock[] {
  try {
    const header = decodeBlockHeader(line)
    const name = header === undefined ? undefined : nameOfBlock(header)
    return name === undefined ? [] : [name]
  } catch {
    return []
  }
}

/* Its memory is the compressed files of one object. */
function wholeFile({ table, version, file, blocks, isLabelled }: OpenFile, key: string) {
  const finished = file.finish()
  const rows = blocks.reduce((sum, block) => sum + block.rows, 0)
  if (isLabelled && rows !== finished.rows)
    throw new PipelineError(
      'landing/corrupt',
      `${key}: ${finished.rows} rows of ${printTableVersion({ name: table, version })}, its blocks say ${rows}`,
    )
  return finished
}

function reachOf(blocks: readonly NamedBlock[]) {
  const firsts = blocks.map(({ first }) => first).sort()
  const lasts = blocks.map(({ last }) => last).sort()
  return { first: firsts[0] ?? null, last: lasts.at(-1) ?? null }
}

async function contentOf(key: string, objects: Pick<ObjectStore, 'get'>): Promise<Buffer> {
  const bytes = await objects.get(key)
  try {
    return await promisify(gunzip)(bytes, { maxOutputLength: MAX_OBJECT_BYTES, chunkSize: pieceBytes(bytes) })
  } catch (cause) {
    throw new PipelineError('landing/corrupt', `${key} cannot be unzipped`, { cause })
  }
}

/* The whole in one piece, as the end of a gzip file says how long it is; of one that says it wrongly, in several. */
function pieceBytes(zipped: Buffer): number {
  const whole = zipped.length < 4 ? 0 : zipped.readUInt32LE(zipped.length - 4)
  return Math.min(Math.max(whole + 1, PIECE_BYTES.least), PIECE_BYTES.most)
}

interface OpenFile {
  readonly table: string
  readonly version: number
  readonly file: HistoryFile
  readonly blocks: NamedBlock[]
  /** False once a block of before the ledger is in it. */
  isLabelled: boolean
}

/* A header starts with a brace and a row with a bracket, so the bytes between headers go to the encoder as they are. */
function readBlocks(content: Buffer, key: string, historyFiles: HistoryFiles): readonly OpenFile[] {
  const open = new Map<string, OpenFile>()
  for (let at = 0; at < content.length; ) {
    const lineEnd = content.indexOf(10, at)
    const next = content.indexOf('\n{', lineEnd)
    const end = next < 0 ? content.length : next + 1
    try {
      const header = decodeBlockHeader(content.toString('utf8', at, lineEnd))
      if (header === undefined) throw new SyntaxError('block: rows before a header')
      const into = fileOf(header, open, historyFiles)
      into.file.add(header, content.subarray(lineEnd + 1, end))
      const name = nameOfBlock(header)
      if (name === undefined) into.isLabelled = false
      else into.blocks.push(name)
    } catch (cause) {
      throw new PipelineError('landing/corrupt', `${key}: the block at byte ${at} cannot be read`, { cause })
    }
    at = end
  }
  return [...open.values()]
}

function fileOf(
  { table, version }: BlockHeader,
  open: Map<string, OpenFile>,
  historyFiles: HistoryFiles,
): OpenFile {
  const name = printTableVersion({ name: table, version })
  const known = open.get(name)
  if (known !== undefined) return known
  const file = historyFiles(table, version)
  if (file === undefined) throw new SyntaxError(`no contract ${name}`)
  const made = { table, version, file, blocks: [], isLabelled: true }
  open.set(name, made)
  return made
}
