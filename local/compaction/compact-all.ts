import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { printTableVersion } from '../../core/contract/language/table-version.ts'
import { PipelineError } from '../../core/failures/failures.ts'
import type { CompactionPlan, CompactionResult, FailedTable } from '../../core/operations/answers.ts'
import type { Catalog, Clock } from '../../core/ports/ports.ts'
import type { LazyEngine } from '../../engine/duckdb/lazy-engine.ts'
import { makeFolder } from '../../engine/files/durable.ts'
import type { CompactDeps, CompactionProgress } from '../../lake/compaction/compact-deps.ts'
import { type CompactOptions, compactTable } from '../../lake/compaction/compact-table.ts'
import { planCompaction } from '../../lake/compaction/plan-compaction.ts'
import { FolderFiles } from '../stores/folder-files.ts'
import { FolderObjects } from '../stores/folder-objects.ts'
import { CompactionEngines } from './compaction-engines.ts'

export interface CompactFolderDeps {
  /** Folder that holds `lake/`. Only one process compacts in it at a time. */
  readonly root: string
  readonly catalog: Catalog
  readonly ledger: CompactDeps['ledger']
  readonly manifest: CompactDeps['manifest']
  readonly now: Clock
  readonly signal: AbortSignal
  readonly onProgress?: (progress: CompactionProgress) => void
  readonly threads?: number
}

export interface CompactFolderOptions extends CompactOptions {
  /** Only this table, all its versions. */
  readonly table?: string
  /** For DuckDB, in MB; without it what the table's columns need. */
  readonly memoryMb?: number
}

/** What was done, and the tables that failed. */
export interface DoneTables<T> {
  readonly done: readonly T[]
  readonly failed: readonly FailedTable[]
}

/**
 * Compacts the tables of a folder, one after the other; those without new files are only tidied. One that fails keeps no
 * other from being done. Throws for the first that fails only where nothing was done.
 */
export function compactAll(
  deps: CompactFolderDeps,
  options: CompactFolderOptions = {},
): Promise<DoneTables<CompactionResult>> {
  return forEachTable(deps, options, (name, version, ports) =>
    compactTable(name, version, { ...deps, ...ports }, options),
  )
}

/** What `compactAll` would do now; nothing is changed. */
export function planAll(
  deps: CompactFolderDeps,
  options: CompactFolderOptions = {},
): Promise<DoneTables<CompactionPlan>> {
  return forEachTable(deps, options, (name, version, ports) =>
    planCompaction(name, version, { ...deps, ...ports }, options),
  )
}

interface FolderPorts {
  readonly sql: LazyEngine
  readonly files: FolderFiles
  readonly objects: FolderObjects
}

/* Scratch files and what DuckDB spills lie in a folder that goes at the end, or at the next beginning. */
async function forEachTable<T>(
  { root, catalog, signal, threads }: CompactFolderDeps,
  { table: only, memoryMb }: CompactFolderOptions,
  work: (name: string, version: number, ports: FolderPorts) => Promise<T>,
): Promise<DoneTables<T>> {
  const scratch = join(root, 'scratch', 'compaction')
  await rm(scratch, { recursive: true, force: true })
  await makeFolder(scratch)
  const objects = new FolderObjects(root)
  const files = new FolderFiles(objects, scratch)
  const done: T[] = []
  const failures: Failure[] = []
  const engines = new CompactionEngines(join(scratch, 'spill'), threads)
  try {
    for (const { table } of await catalog.entries()) {
      if (signal.aborted || (only !== undefined && table.name !== only)) continue
      try {
        const sql = await engines.take(memoryMb ?? memoryFor(table.columns.length))
        done.push(await work(table.name, table.version, { sql, files, objects }))
      } catch (error) {
        failures.push({ table: printTableVersion(table), error })
        await engines.close()
      }
    }
  } finally {
    await engines.close()
    await rm(scratch, { recursive: true, force: true })
  }
  const failed = failures.map(({ table, error }) => ({
    table,
    code: codeOf(error),
    message: messageOf(error),
  }))
  const [first, ...others] = failures
  if (first !== undefined && done.length === 0) throw named(first, others)
  return { done, failed }
}

/** Throws for the first table that failed; the message names every one. */
export function refuseFailed(failed: readonly FailedTable[]): void {
  const [first, ...others] = failed
  if (first === undefined) return
  const { table, code, message } = first
  const text = `${message.includes(table) ? message : `${table}: ${message}`}${alsoFailed(others)}`
  throw code === 'internal' ? new Error(text) : new PipelineError(code, text)
}

const LEAST_MB = 512
/* DuckDB holds a block of 256 KiB for each column of a relation that it stores, and two of them at once. */
const COLUMN_MB = 0.64

/** MB of memory for the fold of a table with so many lake columns. */
function memoryFor(columns: number): number {
  return Math.max(LEAST_MB, Math.ceil(columns * COLUMN_MB))
}

interface Failure {
  readonly table: string
  readonly error: unknown
}

function named({ table, error }: Failure, others: readonly Failure[]): unknown {
  if (!(error instanceof PipelineError)) return error
  const text = error.message.includes(table) ? error.message : `${table}: ${error.message}`
  const message = `${text}${alsoFailed(others.map((one) => ({ table: one.table, code: codeOf(one.error) })))}`
  return message === error.message ? error : new PipelineError(error.code, message, { cause: error })
}

function alsoFailed(others: readonly Pick<FailedTable, 'table' | 'code'>[]): string {
  const names = others.map(({ table, code }) => `${table} (${code})`)
  return names.length === 0 ? '' : `; failed too: ${names.join(', ')}`
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

function codeOf(error: unknown): FailedTable['code'] {
  return error instanceof PipelineError ? error.code : 'internal'
}
