import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'
import { type BlockHeader, decodeBlockHeader } from '../core/block.ts'
import { PipelineError } from '../core/failures.ts'
import type { Catalog, HistoryFile, HistoryFiles, ObjectStore } from '../core/ports.ts'

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
}

const MAX_OBJECT_BYTES = 1 << 30
const KEY = /^landing\/changes\/(\d{4})\/(\d{2})\/(\d{2})\/\d{2}\/([A-Za-z0-9_-]+)\.ndjson\.gz$/

/**
 * Turns a delivered object into history Parquet, one file for each table version in it, and registers the partitions.
 * File keys derive from the object's key: landing it again overwrites the same files. When it resolves, the rows are
 * queryable and the object may go. Throws `landing/corrupt` for an object that cannot be read; nothing is written then.
 */
export async function landObject(key: string, { objects, catalog, historyFiles }: LandDeps): Promise<Landed> {
  const [, year, month, day, name] = KEY.exec(key) ?? []
  if (name === undefined)
    throw new PipelineError('landing/corrupt', `${key} is not the name of a delivered object`)
  const ingestDate = `${year}-${month}-${day}`
  const files = readBlocks(await contentOf(key, objects), key, historyFiles)
  const entries = await catalog.entries()

  const known = files.map((file) => {
    const entry = entries.find(({ table }) => table.name === file.table && table.version === file.version)
    if (entry === undefined)
      throw new PipelineError(
        'landing/corrupt',
        `${key}: ${file.table} v${file.version} is not in the catalog`,
      )
    return { ...file, entry }
  })

  const landed: { table: string; version: number; key: string; rows: number }[] = []
  const commits: number[] = []
  for (const { table, version, file, entry } of known) {
    const { rows, parts, commits: times, truncates } = file.finish()
    const path = `${entry.table.location}/ingest_date=${ingestDate}/${name}.parquet`
    await objects.put(path, parts)
    /* Known on all but the first object of a day: the catalog is not read and written for nothing. */
    if (!entry.partitions.includes(ingestDate)) await catalog.registerPartition(table, version, ingestDate)
    for (const position of truncates)
      await catalog.addFloor(entry.table.source, { position, reason: 'truncate' })
    landed.push({ table, version, key: path, rows })
    for (const time of times) commits.push(time)
  }
  return { files: landed, commits }
}

async function contentOf(key: string, objects: ObjectStore): Promise<Buffer> {
  const bytes = await objects.get(key)
  try {
    return await promisify(gunzip)(bytes, { maxOutputLength: MAX_OBJECT_BYTES })
  } catch (cause) {
    throw new PipelineError('landing/corrupt', `${key} cannot be unzipped`, { cause })
  }
}

interface OpenFile {
  readonly table: string
  readonly version: number
  readonly file: HistoryFile
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
      fileOf(header, open, historyFiles).file.add(header, content.subarray(lineEnd + 1, end))
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
  const name = `${table} v${version}`
  const known = open.get(name)
  if (known !== undefined) return known
  const file = historyFiles(table, version)
  if (file === undefined) throw new SyntaxError(`no contract ${name}`)
  const made = { table, version, file }
  open.set(name, made)
  return made
}
