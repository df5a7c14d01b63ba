import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import pg from 'pg'
import type { MaskKey } from '../../core/contract/pii.ts'
import type { Table } from '../../core/contract/table.ts'
import type { Quarantine, SqlEngine } from '../../core/ports.ts'
import { loadPosition, type Position } from '../../core/position.ts'
import type { ReadableLake } from '../../lake/readable-lake.ts'
import { DuckEngine } from '../duckdb/duck-engine.ts'
import { quoteLiteral } from '../replicator/quote-identifier.ts'
import { openSnapshot, type Snapshot } from '../replicator/snapshot.ts'
import { closeClient, connectSource, type Source } from '../replicator/source-connection.ts'
import { errorCodeOf, toSourceError } from '../replicator/source-error.ts'
import type { HealingWay } from './heal.ts'
import type { Patience } from './patience.ts'
import type { TableProof } from './proof.ts'
import { type Asked, proveTable } from './prove-table.ts'

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
  readonly patience?: (() => Patience) | undefined
  readonly signal: AbortSignal
  readonly random?: (() => number) | undefined
  /** For DuckDB, as it writes them: `512MB`. */
  readonly memory?: string | undefined
}

/** Proofs of tables as of one position: one snapshot of the source, open until `close`. */
export class ProofSession {
  readonly lsn: bigint
  readonly asOf: Position
  private readonly deps: ProofDeps
  private readonly snapshot: Snapshot
  private readonly folder: string
  private readonly engine: DuckEngine
  private readonly interrupt: () => void

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
    deps.signal.addEventListener('abort', this.interrupt, { once: true })
  }

  /** Opens a snapshot and waits until the lake has reached it. Throws `source/…` failures and those of `reach`. */
  static async open(deps: ProofDeps): Promise<ProofSession> {
    const snapshot = await openSnapshot(deps.source)
    const session = await ProofSession.inside(deps, snapshot).catch(async (error: unknown) => {
      await snapshot.close()
      throw error
    })
    try {
      await deps.reach(snapshot.lsn)
      return session
    } catch (error) {
      await session.close()
      throw error
    }
  }

  private static async inside(deps: ProofDeps, snapshot: Snapshot): Promise<ProofSession> {
    const folder = await mkdtemp(join(deps.scratch, 'reconcile-'))
    const memory = deps.memory === undefined ? {} : { memory: deps.memory }
    const engine = await DuckEngine.open({ temporary: folder, threads: 2, ...memory })
    return new ProofSession(deps, { snapshot, folder, engine })
  }

  /** Compares one table; one at a time. Throws `source/…` and `lake/…` failures; another table may then be compared. */
  prove(table: Table, asked: Asked, healing?: HealingWay): Promise<TableProof> {
    const { deps, engine, asOf } = this
    const { source, signal, random = Math.random, ...rest } = deps
    return inSnapshot(source, this.snapshot.snapshotName, signal, table.source.table, (client) =>
      proveTable(
        {
          ...rest,
          ...{ client, asOf, random, signal, healing },
          engine: endedBy(engine, signal),
          file: join(this.folder, 'source.csv'),
        },
        table,
        asked,
      ),
    )
  }

  async close(): Promise<void> {
    this.deps.signal.removeEventListener('abort', this.interrupt)
    this.engine.close()
    await this.snapshot.close()
    await rm(this.folder, { recursive: true, force: true })
  }
}

/* The interrupt meets the statement that runs; nothing is begun after it. */
function endedBy(engine: SqlEngine, signal: AbortSignal): SqlEngine {
  const unless = async <T>(work: () => Promise<T>): Promise<T> => {
    signal.throwIfAborted()
    return work()
  }
  return { run: (sql) => unless(() => engine.run(sql)), rows: (sql) => unless(() => engine.rows(sql)) }
}

/* A table may take longer than any fixed time; the caller's deadline cuts the connection. */
async function inSnapshot<T>(
  source: Source,
  snapshotName: string,
  signal: AbortSignal,
  table: string,
  work: (client: pg.Client) => Promise<T>,
): Promise<T> {
  signal.throwIfAborted()
  const client = await connectSource(source, { applicationName: 'tidemark reconcile', queryMs: 0 })
  const cut = () => client.connection.stream.destroy()
  signal.addEventListener('abort', cut, { once: true })
  try {
    await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY')
    await client.query(`SET TRANSACTION SNAPSHOT ${quoteLiteral(snapshotName)}`)
    return await work(client)
  } catch (cause) {
    signal.throwIfAborted()
    throw isOfSource(cause) ? toSourceError(cause, `${table} cannot be compared`) : cause
  } finally {
    signal.removeEventListener('abort', cut)
    await closeClient(client)
  }
}

function isOfSource(cause: unknown): boolean {
  if (cause instanceof pg.DatabaseError) return true
  const isCut = cause instanceof Error && cause.message.startsWith('Connection terminated')
  return isCut || errorCodeOf(cause) === 'ECONNRESET'
}
