import type { Table } from '../../core/contract/language/table.ts'
import { tableLabel } from '../../core/contract/language/table-version.ts'
import type { MaskKey } from '../../core/contract/masking/pii.ts'
import { PipelineError } from '../../core/failures/failures.ts'
import type { CatalogEntry } from '../../core/ports/catalog-entry.ts'
import type { Documents } from '../../core/ports/documents.ts'
import type { Quarantine } from '../../core/ports/ports.ts'
import type { Position } from '../../core/position.ts'
import type { Source } from '../../engine/postgres/connection/source-connection.ts'
import { refuseRewound } from '../../engine/postgres/rules/check-rewound.ts'
import type { HealingWay } from '../../engine/reconcile/compare/heal.ts'
import { BackOffWindow, type RetryWindow } from '../../engine/reconcile/compare/retry-window.ts'
import { freshFolder } from '../../engine/reconcile/fresh-folder.ts'
import { withProofs } from '../../engine/reconcile/kept-proofs.ts'
import type { ScratchLake } from '../../engine/reconcile/lake/scratch-lake.ts'
import { type ProofAnswer, type TableAnswer, tableAnswerOf } from '../../engine/reconcile/proof-answer.ts'
import { readProofs, writeProofs } from '../../engine/reconcile/proof-document.ts'
import { ProofSession } from '../../engine/reconcile/proof-session.ts'
import { chosenTables, failureOf } from '../../engine/reconcile/reconcile.ts'
import type { LambdaStage } from '../runtime/lambda-stage.ts'
import { noteProofs } from './note-proofs.ts'
import { reconcileRequest } from './reconcile-event.ts'

export interface ProveAllDeps {
  readonly stage: LambdaStage
  readonly tables: readonly Table[]
  readonly epoch: number
  /** The newest change that capture has stored of the source. */
  readonly captured: () => Promise<Position | undefined>
  readonly source: () => Promise<Source>
  readonly maskKey: () => Promise<MaskKey>
  readonly entries: () => Promise<readonly CatalogEntry[]>
  readonly lake: ScratchLake
  readonly documents: Pick<Documents, 'get' | 'put'>
  readonly quarantine: Pick<Quarantine, 'list'>
  readonly capture: HealingWay['capture']
  /** A folder of this use alone. */
  readonly scratch: string
  /** For DuckDB. */
  readonly memory: string
  readonly settleMs: number
  readonly waitMs: number
  readonly sleep: (milliseconds: number, signal: AbortSignal) => Promise<void>
  /** Aborts after so many milliseconds. */
  readonly deadline: (milliseconds: number) => AbortSignal
}

/** For closing what is open, and the answer. */
const RESERVE_MS = 15_000
/* For another snapshot, which waits for transactions that run, and for looking there. */
const RENEWAL_MS = 120_000
/* Of the time that a change may need: most of those that lag are there soon. */
const FIRST_LOOK_SHARE = 1 / 9
const LONGEST_PAUSE_MS = 60_000

/**
 * Proves tables one after the other as of one position, those first whose last attempt is longest ago, until the time is
 * over. One that cannot be proven does not keep the others. Each proof is kept in the bucket before the next begins.
 * Throws what makes all proofs impossible.
 */
export async function proveAll(event: unknown, deps: ProveAllDeps): Promise<ProofAnswer> {
  const { stage, lake, documents } = deps
  const { tables: names, scope = { kind: 'all' }, heal = false } = reconcileRequest(event, stage.now)
  const signal = deps.deadline(Math.max(1, stage.remainingMs - RESERVE_MS))
  let proofs = await readProofs(documents)
  const asked = chosenTables(deps.tables, names).map((table) => ({
    table,
    label: tableLabel(table, deps.tables),
  }))
  const turn = ({ label }: { readonly label: string }) => Date.parse(proofs.tried[label] ?? '') || 0
  const waiting = asked.toSorted((one, other) => turn(one) - turn(other))
  const session = await openSession(deps, signal)
  const done: TableAnswer[] = []
  const failed: ProofAnswer['failed'] = []
  try {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      if (signal.aborted) {
        waiting.unshift(next)
        break
      }
      const { table, label } = next
      proofs = {
        ...proofs,
        tried: { ...proofs.tried, [label]: new Date(stage.now()).toISOString() },
      }
      await writeProofs(documents, proofs)
      try {
        const proof = await session.prove(table, scope, heal ? healingWay(deps, signal) : undefined)
        done.push(tableAnswerOf(proof))
        proofs = withProofs(proofs, { tables: [proof], failed: [] }, stage.now())
        await writeProofs(documents, proofs)
      } catch (error) {
        stage.failed(error, { table: label })
        const failure = failureOf(label, error)
        failed.push(failure)
        proofs = withProofs(proofs, { tables: [], failed: [failure] }, stage.now())
        await writeProofs(documents, proofs)
        await session.renewLost(error)
      }
    }
  } finally {
    await session.close()
    await lake.release()
  }
  const equal = waiting.length === 0 && failed.length === 0 && done.every((one) => one.equal)
  const notBegun = waiting.map(({ label }) => label)
  const answer = { equal, lsn: String(session.lsn), asOf: session.asOf, tables: done, failed, notBegun }
  noteProofs(answer, proofs, deps)
  return answer
}

async function openSession(deps: ProveAllDeps, signal: AbortSignal): Promise<ProofSession> {
  const { stage, lake, scratch, sleep, settleMs, waitMs } = deps
  await lake.release()
  await freshFolder(scratch)
  const [source, maskKey] = [await deps.source(), await deps.maskKey()]
  /* Before the position: a base of now has nothing of after it. */
  lake.hold(await deps.entries())
  const captured = await deps.captured()
  let since = stage.now()
  try {
    return await ProofSession.open({
      source,
      maskKey,
      lake,
      scratch,
      signal,
      tables: deps.tables,
      epoch: deps.epoch,
      quarantine: deps.quarantine,
      memory: deps.memory,
      /* Called when the position is fixed, for which the source may have waited. */
      reach: async (lsn) => {
        since = stage.now()
        /* A proof below what readers see would be one of nothing. */
        refuseRewound(lsn, { epoch: deps.epoch, captured })
        return sleep(settleMs, signal)
      },
      retryWindow: () => openRetryWindow(deps, signal, { since, until: since + settleMs + waitMs }),
      mayRenew: () => stage.remainingMs > settleMs + RENEWAL_MS,
      mending: () => healingWay(deps, signal),
    })
  } catch (error) {
    throw signal.aborted ? unfinished('every table', error) : error
  }
}

function openRetryWindow(
  { stage, sleep, settleMs }: ProveAllDeps,
  signal: AbortSignal,
  { since, until }: { readonly since: number; readonly until: number },
): RetryWindow {
  const end = stage.now() + stage.remainingMs - 2 * RESERVE_MS
  return new BackOffWindow({
    since,
    firstMs: Math.max(1, settleMs * FIRST_LOOK_SHARE),
    capMs: LONGEST_PAUSE_MS,
    until: Math.min(until, end),
    now: stage.now,
    sleep: (milliseconds) => sleep(milliseconds, signal),
  })
}

function healingWay(deps: ProveAllDeps, signal: AbortSignal): HealingWay {
  const { stage, capture, sleep, settleMs, waitMs } = deps
  return {
    capture,
    landed: () => sleep(settleMs, signal),
    retryWindow: () => {
      const since = stage.now()
      return openRetryWindow(deps, signal, { since, until: since + waitMs })
    },
    now: stage.now,
  }
}

function unfinished(what: string, cause: unknown): PipelineError {
  return new PipelineError('proof/unfinished', `${what} was not compared in time`, { cause })
}
