import { mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import type { Table } from '../../../core/contract/language/table.ts'
import type { Proof, TableProof } from '../../../engine/reconcile/proof.ts'
import {
  type HealKeys,
  heal,
  type ReconcileDeps,
  type ReconcileRequest,
  reconcile,
} from '../../../engine/reconcile/reconcile.ts'
import { folderLake } from '../../../local/reconcile/folder-lake.ts'
import { type LocalRun, openLocalRun } from '../../../local/run/local-run.ts'
import { FolderObjects } from '../../../local/stores/folder-objects.ts'
import { type SourceDatabase, until } from '../postgres/source-server.ts'

/* Of the widest table on a machine that does much else; a limit against hanging. */
const DEADLINE_MS = 200_000

/** A pipeline on a database, and everything that is asked of its proofs. */
export interface ReconcileFixture {
  readonly run: LocalRun
  readonly dir: string
  prove(request?: ReconcileRequest): Promise<Proof>
  /** What a proof of the run is made with. */
  deps(request?: ReconcileRequest): ReconcileDeps
  proofOf(table: string, request?: ReconcileRequest): Promise<TableProof>
  healKeys(keys: HealKeys): Promise<Pick<Proof, 'tables' | 'failed'>>
  /** Rewrites the files of a table with a SELECT over the rows of each, `history`; gives back what undoes it. */
  tamper(table: string, select: string): Promise<() => Promise<void>>
  close(): Promise<void>
}

export async function openReconcileFixture(
  database: SourceDatabase,
  contracts: readonly Table[],
  slot: string,
  patterns: readonly string[] = ['public.*'],
): Promise<ReconcileFixture> {
  const dir = await mkdtemp(join(tmpdir(), 'tidemark-lab-'))
  const run = await openLocalRun({
    dir,
    source: database.source,
    isEmbedded: false,
    system: 'tests',
    contracts,
    patterns,
    slot,
    publication: slot,
    hints: { bytes: 1 << 20, milliseconds: 20 },
    reload: false,
    compactEveryMs: 0,
    proveEveryMs: 0,
    log: { info: () => undefined, warn: () => undefined },
  })
  await run.loaded(AbortSignal.timeout(DEADLINE_MS))
  /* A load is followed by a compaction: no other comes after this one. */
  await run.compact()
  const { pipeline } = run
  const depsOf = (request: ReconcileRequest = {}): ReconcileDeps => {
    const signal = AbortSignal.timeout(DEADLINE_MS)
    return {
      source: database.source,
      tables: run.tables,
      epoch: 1,
      lake: folderLake(pipeline.catalog, dir),
      scratch: dir,
      quarantine: pipeline.quarantine,
      maskKey: pipeline.maskKey,
      reach: (lsn: bigint) => pipeline.reach(lsn, signal),
      signal,
      request,
      healing: {
        capture: pipeline.capture.bind(pipeline),
        landed: () => {
          const { pages } = pipeline.counts()
          return until(() => pipeline.counts().landedPages >= pages)
        },
        now: Date.now,
      },
    }
  }
  const prove = (request: ReconcileRequest = {}) => reconcile(depsOf(request))
  return {
    run,
    dir,
    prove,
    deps: depsOf,
    proofOf: async (table, request) => {
      const { tables, failed } = await prove({ tables: [table], ...request })
      const [found] = tables
      if (found === undefined) throw new Error(`no proof of ${table}: ${failed[0]?.message}`)
      return found
    },
    healKeys: (keys) => heal(depsOf({}), keys),
    tamper: (table, select) => tamper(dir, table, select),
    close: async () => {
      await run.stop()
      await rm(dir, { recursive: true, force: true, maxRetries: 5 })
    },
  }
}

/** Rewrites history and base of a table; see `ReconcileFixture`. */
export async function tamper(dir: string, table: string, select: string): Promise<() => Promise<void>> {
  const objects = new FolderObjects(dir)
  const path = `lake/${table.replace('.', '/')}_v1`
  const files = [...(await objects.list(`${path}_history/`)), ...(await objects.list(`${path}_base/`))]
  const before = await Promise.all(files.map((file) => readFile(join(dir, file))))
  const instance = await DuckDBInstance.create(':memory:')
  const connection = await instance.connect()
  for (const file of files) {
    const local = join(dir, file)
    /* Base has the keys that were deleted, too, and of those nothing but the key. */
    if (file.includes('/deleted/')) continue
    const rows = `read_parquet('${local}', hive_partitioning = false)`
    await connection.run(
      `COPY (SELECT ${select.replaceAll('history', rows)}) TO '${local}.new' (FORMAT parquet)`,
    )
    await rename(`${local}.new`, local)
  }
  connection.closeSync()
  instance.closeSync()
  return async () => {
    for (const [index, file] of files.entries())
      await writeFile(join(dir, file), before[index] ?? Buffer.alloc(0))
  }
}

/** Keys of one column as the comparison writes them: each with its length in front. */
export function keys(...ids: readonly (number | string)[]): readonly string[] {
  return ids.map((id) => `${Buffer.byteLength(String(id))}:${id}`)
}
