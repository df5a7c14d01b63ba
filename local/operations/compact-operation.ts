import type { Compacted } from '../../core/operations/answers.ts'
import type { Catalog, Clock } from '../../core/ports/ports.ts'
import {
  type CompactFolderDeps,
  type CompactFolderOptions,
  compactAll,
  planAll,
  refuseFailed,
} from '../compaction/compact-all.ts'

export interface CompactRequest extends CompactFolderOptions {
  readonly isDryRun: boolean
}

export interface CompactContext {
  readonly catalog: Catalog
  readonly ledger: CompactFolderDeps['ledger']
  readonly manifest: CompactFolderDeps['manifest']
  /** Folder that holds `lake/`. */
  readonly root: string
  readonly now: Clock
  readonly signal: AbortSignal
  readonly onProgress: (progress: unknown) => void
}

/** Compacts the tables of a folder, or says what that would rewrite. Throws what `compactAll` throws. */
export async function runCompact(
  { isDryRun, ...options }: CompactRequest,
  { onProgress, ...context }: CompactContext,
): Promise<Compacted> {
  const deps = { ...context, onProgress }
  if (isDryRun) {
    const { done: plans, failed } = await planAll(deps, options)
    return { isDryRun, plans, failed }
  }
  const { done: results, failed } = await compactAll(deps, options)
  return { isDryRun, results, failed }
}

/** A compaction of which nothing failed. Throws for the first table that did. */
export function wholly(compacted: Compacted): Compacted {
  refuseFailed(compacted.failed)
  return compacted
}
