import { setTimeout as pause } from 'node:timers/promises'
import { secretsClient } from '../../aws/calls/clients.ts'
import {
  openCatalog,
  openFiles,
  openMaskKeys,
  openObjects,
  openQuarantine,
  openRawStore,
} from '../../aws/open-aws.ts'
import { ObjectDocuments } from '../../aws/s3/object-documents.ts'
import { readSourceSecret } from '../../aws/secrets/source-secret.ts'
import { PipelineError } from '../../core/failures/failures.ts'
import type { Logger, Quarantine, RawStore } from '../../core/ports/ports.ts'
import { trustedSource } from '../../engine/postgres/connection/source-trust.ts'
import type { HealingWay } from '../../engine/reconcile/compare/heal.ts'
import { ScratchLake } from '../../engine/reconcile/lake/scratch-lake.ts'
import { captureBatch } from '../../ingest/capture/capture-batch.ts'
import { decodeDms } from '../../ingest/capture/decode-dms.ts'
import { tables as contracts } from '../../schemas/index.ts'
import { engineMemory } from '../runtime/engine-memory.ts'
import { functionSettings } from '../runtime/function-settings.ts'
import type { LambdaContext } from '../runtime/lambda-stage.ts'
import { openFunction } from '../runtime/open-function.ts'
import { runWhole } from '../runtime/run-whole.ts'
import { type ProveAllDeps, proveAll } from './prove-all.ts'

const SCRATCH = '/tmp/tidemark-reconcile'
/* The rest is for what DuckDB spills and for digests of the source. */
const COPIES_SHARE = 0.7

const { settings, stage, aws } = openFunction('reconcile', functionSettings.reconcile)
const { TIDEMARK_BUCKET: bucket, TIDEMARK_CATALOG_PREFIX: prefix } = settings
const tables = contracts.filter(({ source }) => settings.TIDEMARK_SYSTEMS.includes(source.system))
/* A proof of nothing would be equal. */
if (tables.length === 0)
  throw new PipelineError('settings/invalid', 'TIDEMARK_SYSTEMS: no contract reads one of these systems')
const copiesBytes = Math.floor(settings.TIDEMARK_SCRATCH_MIB * COPIES_SHARE) * (1 << 20)
const objects = openObjects(aws, bucket)
const catalog = openCatalog(aws, { bucket, prefix }, contracts)
const quarantine = openQuarantine(aws, settings.TIDEMARK_QUARANTINE_TABLE, settings.TIDEMARK_QUARANTINE_DAYS)
const store = openRawStore(aws, settings.TIDEMARK_RAW_TABLE, settings.TIDEMARK_RAW_DAYS)
const keys = openMaskKeys(aws, settings.TIDEMARK_MASK_SECRET)
const address = {
  client: aws.client(secretsClient),
  retry: aws.retry,
  secret: settings.TIDEMARK_SOURCE_SECRET,
}
const deps: ProveAllDeps = {
  stage,
  documents: new ObjectDocuments(objects),
  quarantine,
  epoch: settings.TIDEMARK_EPOCH,
  tables,
  captured: () => store.newest([...new Set(tables.map(({ source }) => source.table))]),
  source: async () => trustedSource(await readSourceSecret(address), settings.TIDEMARK_SOURCE_CA),
  maskKey: () => keys.current(),
  entries: () => catalog.entries(),
  lake: new ScratchLake({
    entry: ({ name, version }) => catalog.entry(name, version),
    objects,
    files: openFiles(aws, bucket, `${SCRATCH}/copies`, copiesBytes),
    folder: `${SCRATCH}/lake`,
  }),
  capture: recapture({ store, quarantine, log: stage.log }),
  scratch: `${SCRATCH}/work`,
  memory: engineMemory(settings.AWS_LAMBDA_FUNCTION_MEMORY_SIZE),
  settleMs: settings.TIDEMARK_SETTLE_SECONDS * 1_000,
  waitMs: settings.TIDEMARK_WAIT_SECONDS * 1_000,
  sleep: (milliseconds, signal) => pause(milliseconds, undefined, { signal }),
  deadline: (milliseconds) => AbortSignal.timeout(milliseconds),
}

export const handler = (event: unknown, context: LambdaContext) =>
  stage.run(context, () => runWhole(() => proveAll(event, deps), stage))

/** Healed rows go the way of all changes: into raw pages, and from there what reads them does the rest. */
function recapture(deps: {
  readonly store: Pick<RawStore, 'put'>
  readonly quarantine: Pick<Quarantine, 'put'>
  readonly log: Logger
}): HealingWay['capture'] {
  return (records, context) =>
    captureBatch(records, { ...deps, shard: 'heal', decode: (data) => decodeDms(data, context) })
}
