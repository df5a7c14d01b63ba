import type { SourceActivity, StartedLoad } from '../../core/operations/answers.ts'
import type { LoadRunner } from '../loads/load-runner.ts'

/** What loads need of a running pipeline. */
export interface LoadParts {
  readonly runner: LoadRunner
  readonly activity: () => Promise<SourceActivity>
}

/** Starts a load, or with a dry run says what it would read. Throws what the runner throws. */
export async function startLoad(
  {
    tables,
    window,
    isDryRun,
  }: { readonly tables: readonly string[]; readonly window?: string | undefined; readonly isDryRun: boolean },
  { runner, activity }: LoadParts,
): Promise<StartedLoad> {
  const busy = await activity()
  const plan = await runner.plan(tables)
  if (isDryRun) return { activity: busy, plan, load: null }
  const load = await runner.start({ tables, ...(window === undefined ? {} : { window }) })
  return { activity: busy, plan, load }
}
