import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { count, plural } from '../../core/amount-text.ts'
import type { Table } from '../../core/contract/language/table.ts'
import { PipelineError } from '../../core/failures/failures.ts'
import type { Logger } from '../../core/ports/ports.ts'
import { makeFolder } from '../../engine/files/durable.ts'
import { databaseOf } from '../../engine/postgres/connection/source-url.ts'
import type { Proof, ReconcileRequest } from '../../engine/reconcile/reconcile.ts'
import { type PostgresServer, startPostgres } from '../../local/embedded-postgres/start-postgres.ts'
import { type LocalRun, openLocalRun } from '../../local/run/local-run.ts'
import { createSampleDatabase } from '../../local/sample/sample-database.ts'
import { startTraffic, type Traffic } from '../../local/sample/traffic.ts'
import { runFolder } from '../../local/state/run-folder.ts'
import { describeError, type Output, paint } from '../terminal/output.ts'
import { embeddedDatabase, embeddedSystem } from '../terminal/source-settings.ts'
import { leftOutText } from '../view/left-out-text.ts'
import { LiveView } from '../view/live-view.ts'
import { proofProgress } from '../view/proof-progress.ts'
import { runDemoScript } from './demo-script.ts'
import { tellQueryable } from './queryable-steps.ts'

export interface SessionOptions {
  readonly dir: string
  /** A source of the user's own; the embedded PostgreSQL when left out. */
  readonly source: string | undefined
  readonly tables: readonly string[]
  readonly contracts: readonly Table[]
  /** Reads them again, for tables that are added later. */
  readonly readContracts?: () => Promise<readonly Table[]>
  readonly slot: string
  readonly publication: string
  readonly reload: boolean
  readonly replaced?: boolean
  /** Changes per second of the sample traffic; 0 for none. */
  readonly rate: number
  /** Size of the sample database, 1 for about 205,000 rows. */
  readonly scale: number
  readonly flushMs: number
  /** Time between two compactions, and two proofs, that the run makes by itself; 0 for none. */
  readonly compactEveryMs: number
  readonly proveEveryMs: number
  readonly lookEveryMs: number
  /** Milliseconds from the start of the command until it ends by itself. */
  readonly forMs: number | undefined
  readonly timeoutMs: number
  /** What the proof at the end is asked for; everything when left out. */
  readonly request?: ReconcileRequest
  /** The demo shows a load, compactions and a proof while its traffic goes on. */
  readonly isDemo?: boolean
}

/** What a session ended with. */
export interface SessionResult {
  readonly proof: Proof
  readonly status: ReturnType<LocalRun['status']>
}

/**
 * Runs the pipeline until the time is over or the user interrupts, then stops the traffic, waits until the lake has
 * everything and proves it equal. A second interrupt ends at once; the folder can be started again all the same.
 */
export async function runSession(options: SessionOptions, output: Output): Promise<SessionResult> {
  const startedAt = performance.now()
  const interrupt = interruptSignal(output)
  /* What is said while the picture is drawn stands above it. */
  let say = output.progress
  const steps = stepPrinter(output, startedAt, (text) => say(text))
  const server = options.source === undefined ? await startEmbedded(options, steps) : undefined
  try {
    const run = await openLocalRun(
      runOptions(
        options,
        server,
        logger(output, (text) => say(text)),
      ),
    )
    steps(`pipeline on ${run.status().address}, ${plural(run.tables.length, 'table')}`)
    for (const line of leftOutText(run.status().leftOut, output)) output.progress(line)
    const traffic =
      server !== undefined && options.rate > 0
        ? startSampleTraffic(server, options, (text) => say(`${paint(output, 'yellow', 'traffic')} ${text}`))
        : undefined
    const view = new LiveView(output, () => run.status(), traffic)
    say = (text) => view.announce(text)
    try {
      view.start()
      const over = new AbortController()
      const loaded = run.loaded(over.signal)
      const atStart = { loads: () => run.loads.loads(), tables: run.tables.length, over: loaded }
      const told = tellQueryable(atStart, steps)
      const isDemo = options.isDemo === true && traffic !== undefined
      const script = isDemo ? demonstrated(run, steps, { loaded, signal: over.signal }) : Promise.resolve()
      await Promise.race([untilOver(options, startedAt, interrupt, run), run.failed])
      over.abort()
      await Promise.all([told, script])
      view.stop()
      say = output.progress
      return await prove(run, traffic, options, { steps, output })
    } finally {
      view.stop()
      await traffic?.stop()
      await run.stop()
    }
  } finally {
    await server?.stop()
  }
}

type Step = (text: string) => void

async function startEmbedded(options: SessionOptions, step: Step): Promise<PostgresServer> {
  const folder = runFolder(options.dir)
  await makeFolder(folder.root, 0o755)
  const server = await startPostgres({ dir: folder.postgres, database: embeddedDatabase })
  step(`PostgreSQL on 127.0.0.1:${server.port}, data in ${join(options.dir, 'postgres')}`)
  await createSampleDatabase(server.url, { scale: options.scale })
  step('sample database of shops, employees, contracts, shifts, absences, payslips')
  return server
}

function runOptions(options: SessionOptions, server: PostgresServer | undefined, log: Logger) {
  const url = options.source ?? server?.url ?? ''
  return {
    dir: resolve(options.dir),
    source: { url },
    isEmbedded: server !== undefined,
    system: server === undefined ? databaseOf(url) : embeddedSystem,
    contracts: options.contracts,
    readContracts: options.readContracts,
    patterns: options.tables,
    slot: options.slot,
    publication: options.publication,
    hints: { bytes: 16 << 20, milliseconds: options.flushMs },
    reload: options.reload,
    replaced: options.replaced ?? false,
    compactEveryMs: options.compactEveryMs,
    proveEveryMs: options.proveEveryMs,
    lookEveryMs: options.lookEveryMs,
    log,
  }
}

function startSampleTraffic(
  server: PostgresServer,
  options: SessionOptions,
  onError: (text: string) => void,
): Traffic {
  return startTraffic(server.url, {
    changesPerSecond: options.rate,
    onError: (error) => onError(error.message),
  })
}

/* The time counts from the start, but no proof is made of a lake that is still loading. */
async function untilOver(
  options: SessionOptions,
  startedAt: number,
  interrupt: AbortSignal,
  run: LocalRun,
): Promise<void> {
  if (options.forMs === undefined) return aborted(interrupt)
  const left = Math.max(Math.round(options.forMs - (performance.now() - startedAt)), 0)
  const over = new AbortController()
  const either = AbortSignal.any([interrupt, over.signal])
  const loaded = run.loaded(AbortSignal.any([either, AbortSignal.timeout(options.timeoutMs + left)]))
  try {
    await Promise.race([
      Promise.all([sleep(left, undefined, { signal: either }), loaded]),
      aborted(interrupt),
    ])
  } finally {
    over.abort()
  }
}

/* The time of a session may be over in the middle of it; what fails for another reason is said. */
async function demonstrated(
  run: LocalRun,
  step: Step,
  at: Parameters<typeof runDemoScript>[2],
): Promise<void> {
  try {
    await runDemoScript(run, step, at)
  } catch (error) {
    if (!at.signal.aborted) step(`not finished: ${describeError(error).message}`)
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((done) => {
    if (signal.aborted) done()
    signal.addEventListener('abort', () => done(), { once: true })
  })
}

async function prove(
  run: LocalRun,
  traffic: Traffic | undefined,
  options: SessionOptions,
  { steps: step, output }: { readonly steps: Step; readonly output: Output },
): Promise<SessionResult> {
  if (traffic !== undefined) {
    const { transactions, rollbacks } = await traffic.stop()
    step(`traffic stopped after ${plural(transactions, 'transaction')}, ${count(rollbacks)} rolled back`)
  }
  const signal = AbortSignal.timeout(options.timeoutMs)
  await run.loaded(signal).catch((cause: unknown) => {
    if (!signal.aborted) throw cause
    const seconds = options.timeoutMs / 1_000
    throw new PipelineError('run/timeout', `the tables were not loaded within ${seconds} s`, { cause })
  })
  const proof = await run.reconcile(signal, options.request, proofProgress(output))
  step(`compared ${plural(proof.tables.length, 'table')} with the source, row by row`)
  return { proof, status: run.status() }
}

function stepPrinter(output: Output, startedAt: number, say: Step): Step {
  return (text) => {
    const seconds = ((performance.now() - startedAt) / 1_000).toFixed(1)
    say(`${paint(output, 'green', '✔')} ${seconds.padStart(5)} s  ${text}`)
  }
}

function interruptSignal(output: Output): AbortSignal {
  const controller = new AbortController()
  let times = 0
  const onSignal = () => {
    times += 1
    if (times > 1) process.exit(130)
    output.progress('stopping: the lake catches up and is compared; once more to stop at once')
    controller.abort()
  }
  process.on('SIGINT', onSignal)
  process.on('SIGTERM', onSignal)
  return controller.signal
}

/* Warnings are for whoever watches; information is in the status. */
function logger(output: Output, say: (text: string) => void): Logger {
  return {
    info: () => undefined,
    warn: (event, fields = {}) => {
      const text = Object.entries(fields).map(([name, value]) => `${name}=${value}`)
      say(`${paint(output, 'yellow', 'warning')} ${event} ${text.join(' ')}`)
    },
  }
}
