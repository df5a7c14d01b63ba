import type pg from 'pg'
import type { Table } from '../../core/contract/language/table.ts'
import type { Page } from '../../core/page.ts'
import type { CatalogEntry } from '../../core/ports/catalog-entry.ts'
import type { QuarantineEntry } from '../../core/ports/ports.ts'
import type { Proof } from '../../engine/reconcile/reconcile.ts'
import { type LocalRun, openLocalRun } from '../../local/run/local-run.ts'
import { readPages } from './raw-readers.ts'

export interface RunRequest {
  readonly url: string
  readonly dir: string
  readonly patterns: readonly string[]
  /** Name of slot and publication: each run of a server has its own. */
  readonly name: string
  /** Loads every table again. */
  readonly reload?: boolean
  /** Writes after everything is loaded. */
  readonly changes?: () => Promise<void>
}

/** What a run left in its folder, and its own proof. */
export interface FinishedRun {
  readonly dir: string
  readonly tables: readonly Table[]
  readonly entries: readonly CatalogEntry[]
  readonly pages: readonly Page[]
  readonly quarantine: readonly QuarantineEntry[]
  readonly proof: Proof
}

const deadlineMs = 120_000
const silent = { info: () => undefined, warn: () => undefined }

/** Runs the pipeline on a folder: load, changes, proof, stop. */
export async function runOnce(request: RunRequest): Promise<FinishedRun> {
  const { url, dir, patterns, name, reload = false, changes } = request
  const run = await openLocalRun({
    dir,
    source: { url },
    isEmbedded: false,
    system: 'matrix',
    contracts: [],
    patterns,
    slot: name,
    publication: name,
    hints: { bytes: 8 << 20, milliseconds: 100 },
    reload,
    compactEveryMs: 0,
    proveEveryMs: 0,
    log: silent,
  })
  try {
    const signal = AbortSignal.timeout(deadlineMs)
    await run.loaded(signal)
    await changes?.()
    return await collect(run, dir, signal)
  } finally {
    await run.stop()
  }
}

async function collect(run: LocalRun, dir: string, signal: AbortSignal): Promise<FinishedRun> {
  const proof = await run.reconcile(signal)
  const quarantine: QuarantineEntry[] = []
  for await (const entry of run.pipeline.quarantine.list()) quarantine.push(entry)
  const entries = await run.pipeline.catalog.entries()
  const pages = await readPages(dir)
  return { dir, tables: run.tables, entries, pages, quarantine, proof }
}

/** Whether the server has an extension to offer. */
export async function hasExtension(client: pg.Client, name: string): Promise<boolean> {
  const { rowCount } = await client.query('SELECT FROM pg_available_extensions WHERE name = $1', [name])
  return (rowCount ?? 0) > 0
}
