import { bytesText, count, plural } from '../../core/amount-text.ts'
import { isOver, type Load, loadState } from '../../core/load/load.ts'
import type { LocalRun } from '../../local/run/local-run.ts'

const LOADED = 'workforce.shifts'
const POLL_MS = 100

/**
 * What the demo does by itself while the traffic goes on: folds the history, loads the largest table again, folds that,
 * and proves the lake equal in the middle of it. Begins when the run is `loaded`. Ends early, without a word, at the signal. Throws what the run throws.
 */
export async function runDemoScript(
  run: LocalRun,
  step: (text: string) => void,
  { loaded, signal }: { readonly loaded: Promise<void>; readonly signal: AbortSignal },
): Promise<void> {
  await loaded
  const [first] = run.loads.loads()
  if (first !== undefined) step(`loaded ${loadedText(first)}`)
  step(`compacted: ${await compactedText(run)}`)
  const load = await run.loads.start({ tables: [LOADED] })
  step(`loading ${LOADED} again, beside the changes`)
  step(`loaded ${loadedText(await ended(run, load.id, signal))}`)
  step(`compacted: ${await compactedText(run)}`)
  const proof = await run.reconcile(signal)
  const verdict = proof.equal ? 'equal' : proof.failed.length > 0 ? 'NOT ALL COMPARED' : 'NOT EQUAL'
  step(
    `proved while traffic goes on: ${verdict} at LSN ${proof.lsn}, ${plural(proof.tables.length, 'table')}`,
  )
}

async function compactedText(run: LocalRun): Promise<string> {
  const compacted = await run.compact()
  const results = compacted.isDryRun ? [] : compacted.results
  const sum = (of: (result: (typeof results)[number]) => number) =>
    results.reduce((total, result) => total + of(result), 0)
  const [written, carried] = [
    sum(({ partsWritten }) => partsWritten),
    sum(({ partsCarried }) => partsCarried),
  ]
  return `${count(written)} partitions written (${bytesText(sum(({ bytesWritten }) => bytesWritten))}), ${count(carried)} carried over`
}

async function ended(run: LocalRun, id: string, signal: AbortSignal): Promise<Load> {
  for (;;) {
    signal.throwIfAborted()
    const load = run.loads.loads().find((one) => one.id === id)
    if (load !== undefined && isOver(loadState(load))) return load
    await Promise.race([new Promise((resolve) => setTimeout(resolve, POLL_MS)), run.failed])
  }
}

function loadedText(load: Load): string {
  const rows = load.tables.reduce((sum, table) => sum + table.rows, 0)
  const ends = load.tables.map(({ endedAt }) => Date.parse(endedAt ?? load.startedAt))
  const seconds = Math.max((Math.max(...ends) - Date.parse(load.startedAt)) / 1_000, 0.001)
  const what = load.tables.length === 1 ? (load.tables[0]?.table ?? '') : plural(load.tables.length, 'table')
  return `${count(rows)} rows of ${what} in ${seconds.toFixed(1)} s`
}
