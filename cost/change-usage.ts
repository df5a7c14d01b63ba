import { type Cadence, cadenceOf, filesOf, gb } from './cadence.ts'
import type { PriceId } from './price-sheet.ts'
import type { Setup } from './setup.ts'
import { gbSeconds, MONTH_HOURS, meanUnits, storedItemBytes } from './units.ts'
import { type Stage, shared, type Usage } from './usage.ts'
import { type TableVolume, totalOf, type Volume } from './volume.ts'

/** Of the index `heads`, in which every item of the raw table has an entry: keys, table, time of commit. */
const HEAD_BYTES = 250
/** Of items of the ledger (docs/adr/0050): the record of a page or a file, and what an object brought of a table, by block. */
const RECORD_BYTES = 350
const BROUGHT_BYTES = 250
const BLOCK_BYTES = 210
/** Each audit reads the pages of two days again; see `core/audit/audit-recent.ts`. */
const AUDITED_DAYS = 2
const READ_BYTES = 4_096
/** Objects in an answer of S3's list. */
const LISTED = 1_000
/** A queue is sent a notice, asked for it, and told that it is done. */
const REQUESTS_OF_A_NOTICE = 3
const DAYS_OF_A_MONTH = MONTH_HOURS / 24

/**
 * What the changes of a month use. Every unit is of a table: its own, or its part, by changes or by bytes, of what tables
 * share. Grows with every part of the volume.
 */
export function changeUsage(month: Volume, setup: Setup): readonly Usage[] {
  const cadence = cadenceOf(month, setup)
  const own = Object.entries(month.tables).flatMap(([table, volume]) =>
    ownUsage(table, volume, cadence, setup),
  )
  return [...own, ...sharedUsage(month, cadence, setup)]
}

function ownUsage(table: string, of: TableVolume, { objects }: Cadence, setup: Setup): readonly Usage[] {
  const uses = (stage: Stage, id: PriceId, units: number): Usage => ({
    stage,
    id,
    units,
    table,
    isFixed: false,
  })
  const files = filesOf(of, objects)
  const rawMonths = setup.rawDays / DAYS_OF_A_MONTH
  const items = gb(storedItemBytes(0) * 2 * of.items + of.itemBytes + HEAD_BYTES * of.items)
  return [
    /* Half of what is read of the source is in the other zone, and both sides are billed. */
    uses('source', 'zone.data', setup.zones > 1 ? gb(of.recordBytes) : 0),
    uses('source', 'endpoint.data', gb(of.recordBytes)),
    uses('stream', 'kinesis.in', gb(of.streamBytes)),
    uses('stream', 'kinesis.out', gb(of.recordBytes) * setup.readers),
    uses('stream', 'kinesis.retention', (gb(of.streamBytes) * (setup.retentionHours - 24)) / MONTH_HOURS),
    uses('capture', 'dynamodb.write', of.itemUnits + of.items),
    uses('capture', 'dynamodb.storage', items * rawMonths),
    uses('capture', 'dynamodb.backup', items * rawMonths),
    uses('format', 'firehose.in', gb(of.firehoseBytes)),
    uses('format', 'dynamodb.write', of.refusedUnits),
    uses('land', 's3.put', files),
    uses('land', 's3.storage', gb(of.objectBytes) * (setup.landingDays / DAYS_OF_A_MONTH)),
    uses('storage', 's3.storage', gb(of.historyBytes) * setup.historyMonths),
    uses('audit', 'dynamodb.write', recordsOf(of, setup) + broughtUnits(of, files) + files),
    uses('audit', 'dynamodb.read', auditReads(of, files, setup) * setup.auditsPerDay * AUDITED_DAYS),
    uses('audit', 's3.put', (files * setup.auditsPerDay * AUDITED_DAYS) / LISTED),
  ]
}

/* Pages that format writes down: late ones, those of which something was refused, those that make several blocks. */
function recordsOf({ pages, blocks, refused }: TableVolume, { latePages }: Setup): number {
  return Math.min(pages, pages * latePages + refused + Math.max(0, blocks - pages))
}

/* What an object brought of a table is an item, of as many blocks as there are in it. */
function broughtUnits({ blocks }: TableVolume, files: number): number {
  return files > 0 ? files * meanUnits(BROUGHT_BYTES + (blocks / files) * BLOCK_BYTES) : 0
}

/* Read units of one audit for what it reads of a table's month: whole answers, not item by item, so nothing is rounded. */
function auditReads(of: TableVolume, files: number, setup: Setup): number {
  const { pages, blocks } = of
  const brought = files * BROUGHT_BYTES + blocks * BLOCK_BYTES
  const eventual = pages * HEAD_BYTES + recordsOf(of, setup) * RECORD_BYTES + brought
  return (eventual / 2 + files * RECORD_BYTES) / READ_BYTES
}

function sharedUsage(month: Volume, cadence: Cadence, setup: Setup): readonly Usage[] {
  const { captureCalls, formatCalls, objects } = cadence
  const { memoryMib, times } = setup
  const { changes } = totalOf(month)
  const by = (name: 'changes' | 'pages' | 'blockBytes') =>
    Object.fromEntries(Object.entries(month.tables).map(([table, volume]) => [table, volume[name]]))
  const weights = { capture: by('changes'), format: by('pages'), land: by('blockBytes') }
  const uses = (stage: keyof typeof weights, id: PriceId, units: number, of: Stage = stage) =>
    shared({ stage: of, id, units, isFixed: false }, weights[stage])
  const function_ = (stage: keyof typeof weights, calls: number, callMs: number, changeMs: number) => [
    ...uses(stage, 'lambda.request', calls),
    ...uses(
      stage,
      setup.architecture === 'arm' ? 'lambda.arm' : 'lambda.x86',
      gbSeconds(memoryMib[stage], calls, callMs) +
        (memoryMib[stage] / 1_024) * ((changes * changeMs) / 1_000),
    ),
    ...uses(stage, 'logs.in', gb(calls * setup.logBytesPerCall), 'watch'),
    ...uses(
      stage,
      'logs.storage',
      (gb(calls * setup.logBytesPerCall) * setup.logDays) / DAYS_OF_A_MONTH,
      'watch',
    ),
  ]
  return [
    ...function_('capture', captureCalls, times.captureMs, times.captureChangeMs),
    ...function_('format', formatCalls, times.formatMs, times.formatChangeMs),
    ...function_('land', objects, times.landMs, times.landChangeMs),
    ...uses('land', 's3.put', objects),
    ...uses('land', 's3.get', objects),
    ...uses('land', 'sqs.request', objects * REQUESTS_OF_A_NOTICE),
    ...uses('land', 'glue.request', objects * setup.glueCallsPerObject),
    ...uses('land', 'dynamodb.write', objects, 'audit'),
    /* Every object that is still there is listed by every audit. */
    ...uses('land', 's3.put', (objects * setup.landingDays * setup.auditsPerDay) / LISTED, 'audit'),
  ]
}
