import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { lakeColumns } from '../../core/contract/language/lake-columns.ts'
import type { Table } from '../../core/contract/language/table.ts'
import type { MaskKey } from '../../core/contract/masking/pii.ts'
import { PipelineError } from '../../core/failures/failures.ts'
import type { Quarantine, SqlEngine } from '../../core/ports/ports.ts'
import { loadPosition, type Position } from '../../core/position.ts'
import type { ReadableLake } from '../../lake/readable-lake.ts'
import { DuckEngine } from '../duckdb/duck-engine.ts'
import { KeptConnection } from '../postgres/connection/kept-connection.ts'
import type { Source } from '../postgres/connection/source-connection.ts'
import { openSnapshot, type Snapshot } from '../postgres/stream/snapshot.ts'
import type { HealingWay } from './compare/heal.ts'
import { inSnapshot } from './compare/in-snapshot.ts'
import type { RetryWindow } from './compare/retry-window.ts'
import { Steps } from './compare/steps.ts'
import type { TableProof } from './proof.ts'
import { type Asked, proveTable, type Seen } from './prove-table.ts'

export interface ProofDeps {
  readonly source: Source
  readonly tables: readonly Table[]
  readonly epoch: number
  readonly lake: ReadableLake
  readonly quarantine: Pick<Quarantine, 'list'>
  readonly maskKey: MaskKey
  /** Folder for files that are gone at the end. */
  readonly scratch: string
  /** Resolves when the lake holds every commit before the LSN, or when it should. */
  readonly reach: (lsn: bigint) => Promise<void>
  /** Where `reach` can only guess. */
  readonly retryWindow?: (() => RetryWindow) | undefined
  /** Where a position may be the change's own and not its commit's: whether there is time for another snapshot. */
  readonly mayRenew?: (() => boolean) | undefined
  /** Where a load may rank above changes of transactions that were open when it began: how their rows are read again. */
  readonly mending?: (() => HealingWay) | undefined
  readonly signal: AbortSignal
  readonly random?: (() => number) | undefined
  /** How long a table that somebody keeps locked is waited for; see `enterSnapshot`. */
  readonly lockMs?: number | undefined
  /** For DuckDB, as it writes them: `512MB`. */
  readonly memory?: string | undefined
}

const THREADS = 2
/* Each thread holds a block of values for each step of each column's text at once. */
const WIDE = 800
/* Of one table: each after a migration that came between. */
const MAX_READS = 3
/* In which what differs is looked at: each has the commits of transactions that were open at the one before. */
const MAX_SNAPSHOTS = 3

/**
 * Proofs of tables as of one position: one snapshot of the source, open until `close`. A table that was rewritten since
 * cannot be read in it any more; then a newer one takes its place, for that table and those after it.
 */
export class ProofSession {
  /** Of the first snapshot: no table is compared as of an earlier one. */
  readonly lsn: bigint
  readonly asOf: Position
  private readonly deps: ProofDeps
  private snapshot: Snapshot
  private readonly folder: string
  private readonly engine: DuckEngine
  private readonly interrupt: () => void
  private readonly steps: Steps
  private readonly connection: KeptConnection

  private constructor(
    deps: ProofDeps,
    { snapshot, folder, engine }: { snapshot: Snapshot; folder: string; engine: DuckEngine },
  ) {
    this.deps = deps
    this.snapshot = snapshot
    this.folder = folder
    this.engine = engine
    this.lsn = snapshot.lsn
    this.asOf = loadPosition(deps.epoch, snapshot.lsn)
    this.interrupt = () => engine.interrupt()
    this.steps = new Steps(deps.signal)
    this.connection = new KeptConnection(deps.source, 'tidemark reconcile')
    deps.signal.addEventListener('abort', this.interrupt, { once: true })
  }

  /** Opens a snapshot and waits until the lake has reached it. Throws `source/…` failures and those of `reach`. */
  static async open(deps: ProofDeps): Promise<ProofSession> {
    const snapshot = await reachedSnapshot(deps)
    try {
      return await ProofSession.inside(deps, snapshot)
    } catch (error) {
      await snapshot.close()
      throw error
    }
  }

  private static async inside(deps: ProofDeps, snapshot: Snapshot): Promise<ProofSession> {
    const folder = await mkdtemp(join(deps.scratch, 'reconcile-'))
    const memory = deps.memory === undefined ? {} : { memory: deps.memory }
    const engine = await DuckEngine.open({ temporary: folder, threads: THREADS, ...memory })
    return new ProofSession(deps, { snapshot, folder, engine })
  }

  /**
   * Compares one table; one at a time. Throws `source/…`, `lake/…` and `proof/…` failures, `proof/unfinished` when the
   * signal aborts; another table may then be compared.
   */
  async prove(table: Table, asked: Asked, healing?: HealingWay): Promise<TableProof> {
    let now: Asked | Seen = asked
    let [reads, isLast] = [1, false]
    for (;;)
      try {
        const snapshots = now.kind === 'again' ? now.snapshots + 1 : 1
        const mayLookAnew = () => !isLast && snapshots < MAX_SNAPSHOTS && this.deps.mayRenew?.() === true
        const proof = await this.proveNow(table, now, healing, mayLookAnew)
        if (!('kind' in proof)) return proof
        now = proof
        try {
          await this.renew()
        } catch {
          /* Without another one the last one has to do. */
          isLast = true
          now = { ...proof, snapshots: proof.snapshots - 1 }
        }
      } catch (error) {
        if (this.deps.signal.aborted) throw unfinished(table, this.steps, error)
        const isStale = error instanceof PipelineError && error.code === 'source/table-changed'
        if (!isStale || reads === MAX_READS) throw error
        reads += 1
        now = asked
        await this.renew()
      }
  }

  /* For what is proven from now on; when that fails the last one stays. */
  private async renew(): Promise<void> {
    const { snapshot } = this
    this.snapshot = await reachedSnapshot(this.deps)
    await snapshot.close()
  }

  /**
   * After a failure of a table: a snapshot goes with the connection that holds it, and a source that can still be reached
   * gives another one. Resolves with what keeps every other table from being compared; undefined when nothing does.
   */
  async renewLost(error: unknown): Promise<unknown> {
    if (!(error instanceof PipelineError) || error.code !== 'source/unreachable') return undefined
    return this.renew().then(
      () => undefined,
      (again: unknown) => again,
    )
  }

  async close(): Promise<void> {
    this.deps.signal.removeEventListener('abort', this.interrupt)
    this.steps.close()
    this.engine.close()
    await this.connection.close()
    await this.snapshot.close()
    await rm(this.folder, { recursive: true, force: true })
  }

  private async proveNow(
    table: Table,
    asked: Asked | Seen,
    healing: HealingWay | undefined,
    mayLookAnew: () => boolean,
  ): Promise<TableProof | Seen> {
    const { deps, engine, snapshot, steps } = this
    await engine.run(`SET threads = ${lakeColumns(table).length > WIDE ? 1 : THREADS}`)
    const { source, signal, random = Math.random, ...rest } = deps
    const reading = {
      source,
      connection: this.connection,
      snapshot,
      signal,
      table: table.source.table,
      lockMs: deps.lockMs,
    }
    return inSnapshot(reading, (opened) =>
      proveTable(
        {
          ...rest,
          ...opened,
          healing,
          steps,
          random,
          signal,
          mayLookAnew,
          mending: deps.mending?.(),
          asOf: loadPosition(deps.epoch, snapshot.lsn),
          begunAt: snapshot.begunAt,
          engine: endedBy(engine, signal),
          file: join(this.folder, 'source.csv'),
        },
        table,
        asked,
      ),
    )
  }
}

async function reachedSnapshot({ source, reach, signal }: ProofDeps): Promise<Snapshot> {
  const snapshot = await openSnapshot(source)
  try {
    await reach(snapshot.lsn)
    return snapshot
  } catch (error) {
    await snapshot.close()
    /* A pipeline that fails or stops says so itself. */
    if (!isOver(signal) || error instanceof PipelineError) throw error
    throw new PipelineError('run/timeout', 'the lake did not reach the compared position in time', {
      cause: error,
    })
  }
}

/** Whether a signal aborted because its time was over, not because somebody stopped the work. */
export function isOver({ aborted, reason }: AbortSignal): boolean {
  return aborted && reason instanceof DOMException && reason.name === 'TimeoutError'
}

function unfinished(table: Table, steps: Steps, cause: unknown): PipelineError {
  const slow = steps.atAbort()
  return new PipelineError(
    'proof/unfinished',
    `${table.source.table} was not compared in time${slow === '' ? '' : `: ${slow}`}`,
    { cause },
  )
}

/* The interrupt meets the statement that runs; nothing is begun after it. */
function endedBy(engine: SqlEngine, signal: AbortSignal): SqlEngine {
  const unless = async <T>(work: () => Promise<T>): Promise<T> => {
    signal.throwIfAborted()
    return work()
  }
  return { run: (sql) => unless(() => engine.run(sql)), rows: (sql) => unless(() => engine.rows(sql)) }
}
