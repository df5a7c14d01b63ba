import * as z from 'zod'
import type { LedgerFinding } from '../../core/audit/ledger-finding.ts'
import type { MissingFile } from '../../core/audit/recovery-source.ts'
import { PipelineError } from '../../core/failures/failures.ts'
import type { ManifestDay } from '../../core/ledger/ledger.ts'

const names = z.array(z.string())
/** How `format` and `land` answer a request. */
export const requestAnswer = z.object({
  ...{ done: names, absent: names, left: names },
  failed: z.array(z.object({ name: z.string(), code: z.string() })),
})
type RequestAnswer = z.output<typeof requestAnswer>

/** What is to come back, by name. */
export interface RedriveNames {
  readonly pages: readonly string[]
  readonly objects: readonly string[]
  readonly files: readonly string[]
}

/** The functions of a stack, and what is known of its files. */
export interface RedriveParts {
  readonly format: (pages: readonly string[]) => Promise<RequestAnswer>
  readonly land: (objects: readonly string[]) => Promise<RequestAnswer>
  readonly findRecoverySource: (file: string) => Promise<MissingFile | undefined>
  /** Takes a file out of the manifest. */
  readonly forget: (day: ManifestDay, file: string) => Promise<void>
}

export interface Redriven {
  readonly done: readonly string[]
  readonly failed: readonly { readonly name: string; readonly reason: string }[]
}

/* Of one request: so many pages are formatted well within the time of a function. */
const AT_ONCE = 50

/** Names in findings of an audit. What no name brings back is left to the advice of its finding. */
export function namesOf(findings: readonly LedgerFinding[]): RedriveNames {
  const faults = findings.filter(({ severity, name }) => severity === 'fault' && name !== '')
  const isObject = ({ kind, object }: LedgerFinding) => kind === 'block' && object !== null
  const named = (some: readonly LedgerFinding[]) => [...new Set(some.map(({ name }) => name))]
  return {
    pages: named(faults.filter((one) => one.kind === 'page' || (one.kind === 'block' && !isObject(one)))),
    objects: named(faults.filter(isObject)),
    files: named(faults.filter(({ kind }) => kind === 'file')),
  }
}

/**
 * Has pages formatted and objects landed again, and for each history file what it was made of. Doing it twice changes no
 * result. A file that comes back under another name leaves the manifest, once what it was made of is on its way.
 */
export async function redriveStack(
  { pages, objects, files }: RedriveNames,
  parts: RedriveParts,
): Promise<Redriven> {
  const done: string[] = []
  const failed: { name: string; reason: string }[] = []
  const run = async (asked: readonly string[], ask: RedriveParts['format']) => {
    const answer = await askAll(asked, ask)
    done.push(...answer.done)
    failed.push(...answer.failed)
    return answer.failed.length === 0
  }
  await run(objects, parts.land)
  await run(pages, parts.format)
  for (const file of files) {
    const lost = await parts.findRecoverySource(file)
    const reason = reasonAgainst(lost)
    if (lost?.source === undefined || reason !== undefined) {
      failed.push({
        name: file,
        reason: reason ?? 'nothing is left of what it was made of: load the table again',
      })
      continue
    }
    const { source, day } = lost
    const isDone = await (source.kind === 'object'
      ? run([source.object], parts.land)
      : run(source.pages, parts.format))
    const isThere = isDone && (await parts.findRecoverySource(file))?.isThere === true
    if (isDone && !isThere) await parts.forget(day, file)
  }
  return { done, failed }
}

/* Pages come back in another file: rows of a damaged one would still be read. */
function reasonAgainst(lost: MissingFile | undefined): string | undefined {
  if (lost === undefined) return 'the ledger knows no such file'
  return lost.isThere && lost.source?.kind === 'pages'
    ? 'it is damaged: move it away, then redrive it'
    : undefined
}

async function askAll(asked: readonly string[], ask: RedriveParts['format']): Promise<Redriven> {
  const done: string[] = []
  const failed: { name: string; reason: string }[] = []
  for (let left = asked; left.length > 0; ) {
    const answer = await ask(left.slice(0, AT_ONCE))
    if (answer.left.length >= Math.min(AT_ONCE, left.length))
      throw new PipelineError('function/failed', 'a function has not time enough for one name')
    done.push(...answer.done)
    failed.push(...answer.absent.map((name) => ({ name, reason: 'nobody has it any more' })))
    failed.push(...answer.failed.map(({ name, code }) => ({ name, reason: code })))
    left = [...answer.left, ...left.slice(AT_ONCE)]
  }
  return { done, failed }
}
