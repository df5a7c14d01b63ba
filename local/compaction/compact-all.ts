import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { PipelineError } from '../../core/failures.ts'
import type { Catalog, Clock } from '../../core/ports.ts'
import {
  type CompactDeps,
  type CompactionProgress,
  type CompactionResult,
  type CompactOptions,
  compactTable,
} from '../../lake/compaction/compact-table.ts'
import { type CompactionPlan, planCompaction } from '../../lake/compaction/plan-compaction.ts'
import { LazyEngine } from '../duckdb/lazy-engine.ts'
import { makeFolder } from '../stores/durable.ts'
import { FolderFiles } from '../stores/folder-files.ts'
import { FolderObjects } from '../stores/folder-objects.ts'
import { FileCompactionLedger } from './file-compaction-ledger.ts'

export interface CompactFolderDeps {
  /** Folder that holds `lake/`. Only one process compacts in it at a time. */
  readonly root: string
  readonly catalog: Catalog
  readonly manifest: CompactDeps['manifest']
  readonly now: Clock
  readonly signal: AbortSignal
  readonly onProgress?: (progress: CompactionProgress) => void
  /** For DuckDB, as it writes them: `512MB`. */
  readonly memory?: string
  readonly threads?: number
}

export interface CompactFolderOptions extends CompactOptions {
  /** Only this table, all its versions. */
  readonly table?: string
}

/**
 * Compacts the tables of a folder, one after the other; those without new files are only tidied. Throws as `compactTable`
 * for the first table that fails, when all others are done.
 */
export function compactAll(
  deps: CompactFolderDeps,
  options: CompactFolderOptions = {},
): Promise<readonly CompactionResult[]> {
  return forEachTable(deps, options.table, (name, version, ports) =>
    compactTable(name, version, { ...deps, ...ports }, options),
  )
}

/** What `compactAll` would do now; nothing is changed. */
export function planAll(
  deps: CompactFolderDeps,
  options: CompactFolderOptions = {},
): Promise<readonly CompactionPlan[]> {
  return forEachTable(deps, options.table, (name, version, ports) =>
    planCompaction(name, version, { ...deps, ...ports }, options),
  )
}

interface FolderPorts {
  readonly sql: LazyEngine
  readonly files: FolderFiles
  readonly objects: FolderObjects
  readonly ledger: FileCompactionLedger
}

/* Scratch files and what DuckDB spills lie in a folder that goes at the end, or at the next beginning. */
async function forEachTable<T>(
  { root, catalog, signal, memory, threads }: CompactFolderDeps,
  only: string | undefined,
  work: (name: string, version: number, ports: FolderPorts) => Promise<T>,
): Promise<readonly T[]> {
  const scratch = join(root, 'compaction', 'scratch')
  await rm(scratch, { recursive: true, force: true })
  await makeFolder(scratch)
  const objects = new FolderObjects(root)
  const files = new FolderFiles(objects, scratch)
  const ledger = new FileCompactionLedger(join(root, 'compaction'))
  const done: T[] = []
  const failures: PipelineError[] = []
  try {
    for (const { table } of await catalog.entries()) {
      if (signal.aborted || (only !== undefined && table.name !== only)) continue
      /* One engine for each table: nothing of the last one is left in memory. */
      const sql = new LazyEngine({
        temporary: join(scratch, 'spill'),
        ...(memory === undefined ? {} : { memory }),
        ...(threads === undefined ? {} : { threads }),
      })
      try {
        done.push(await work(table.name, table.version, { sql, files, objects, ledger }))
      } catch (error) {
        if (!(error instanceof PipelineError)) throw error
        failures.push(named(error, `${table.name} v${table.version}`))
      } finally {
        await sql.close()
      }
    }
  } finally {
    await rm(scratch, { recursive: true, force: true })
  }
  const [first] = failures
  if (first !== undefined) throw first
  return done
}

function named(error: PipelineError, table: string): PipelineError {
  if (error.message.includes(table)) return error
  return new PipelineError(error.code, `${table}: ${error.message}`, { cause: error })
}
