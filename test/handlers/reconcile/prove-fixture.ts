import { copyFile, mkdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { ObjectDocuments } from '../../../aws/s3/object-documents.ts'
import { PipelineError } from '../../../core/failures/failures.ts'
import { isErrno } from '../../../engine/files/durable.ts'
import { ScratchLake } from '../../../engine/reconcile/lake/scratch-lake.ts'
import type { ProofAnswer } from '../../../engine/reconcile/proof-answer.ts'
import { type ProveAllDeps, proveAll } from '../../../handlers/reconcile/prove-all.ts'
import { LambdaStage } from '../../../handlers/runtime/lambda-stage.ts'
import { FolderObjects } from '../../../local/stores/folder-objects.ts'
import type { ReconcileFixture } from '../../engine/reconcile/reconcile-fixture.ts'

/** `proveAll` with the lake of a lab as its bucket. */
export interface ProveFixture {
  readonly deps: ProveAllDeps
  /** Where copies, links and work lie. */
  readonly scratch: string
  /** What the function wrote: log and metrics. */
  readonly lines: readonly Readonly<Record<string, unknown>>[]
  run(event: unknown, changed?: Partial<ProveAllDeps>): Promise<ProofAnswer>
}

export interface ProveFixtureOptions {
  /** Of all copies together. */
  readonly maxBytes?: number
  /** Called before a key is copied. */
  readonly onCopy?: (key: string) => Promise<void>
}

export function proveFixture(
  lab: ReconcileFixture,
  folder: string,
  { maxBytes = 64 << 20, onCopy = async () => undefined }: ProveFixtureOptions = {},
): ProveFixture {
  const scratch = join(folder, 'scratch')
  const lines: Readonly<Record<string, unknown>>[] = []
  const stage = new LambdaStage('reconcile', {
    write: (line) => lines.push(JSON.parse(line)),
    now: Date.now,
  })
  const bucket = new FolderObjects(lab.dir)
  const { source, tables, epoch, quarantine, maskKey, healing } = lab.deps()
  if (healing === undefined) throw new Error('a lab heals')
  const kept = new FolderObjects(folder)
  const entries = () => lab.run.pipeline.catalog.entries()
  const deps: ProveAllDeps = {
    stage,
    tables,
    epoch,
    quarantine,
    entries,
    memory: '256MB',
    captured: async () => lab.run.pipeline.raw.highest,
    source: async () => source,
    maskKey: async () => maskKey,
    lake: new ScratchLake({
      entry: async ({ name, version }) => {
        const found = (await entries()).find(({ table }) => table.name === name && table.version === version)
        if (found === undefined) throw new PipelineError('lake/unreadable', `${name} is not in the catalog`)
        return found
      },
      objects: bucket,
      files: boundedCopies(bucket, { folder: join(scratch, 'copies'), maxBytes, onCopy }),
      folder: join(scratch, 'lake'),
    }),
    documents: new ObjectDocuments({
      put: (key, content) => kept.put(key, content),
      get: (key) => kept.get(key).catch(missing(key)),
      list: (prefix) => kept.list(prefix),
    }),
    capture: healing.capture,
    scratch: join(scratch, 'work'),
    settleMs: 5,
    waitMs: 60_000,
    /* What is on its way lands meanwhile. */
    sleep: () => healing.landed(),
    deadline: () => AbortSignal.timeout(60_000),
  }
  const context = { awsRequestId: 'r', getRemainingTimeInMillis: () => 900_000 }
  const run = (event: unknown, changed: Partial<ProveAllDeps> = {}) =>
    stage.run(context, () => proveAll(event, { ...deps, ...changed }))
  return { deps, scratch, lines, run }
}

/* As `S3Files`: a copy for each key, all of them within a bound. */
function boundedCopies(
  bucket: FolderObjects,
  { folder, maxBytes, onCopy }: Required<ProveFixtureOptions> & { readonly folder: string },
) {
  let bytes = 0
  let copies = 0
  return {
    read: async (key: string) => {
      await onCopy(key)
      const { size } = await stat(bucket.path(key)).catch(missing(key))
      bytes += size
      if (bytes > maxBytes)
        throw new PipelineError('objects/too-large', `${key}: scratch holds ${maxBytes} bytes`)
      await mkdir(folder, { recursive: true })
      copies += 1
      const path = join(folder, `copy-${copies}`)
      await copyFile(bucket.path(key), path)
      return path
    },
    close: async () => {
      bytes = 0
      await rm(folder, { recursive: true, force: true })
    },
  }
}

function missing(key: string) {
  return (cause: unknown): never => {
    throw isErrno(cause, 'ENOENT') ? new PipelineError('objects/missing', key, { cause }) : cause
  }
}
