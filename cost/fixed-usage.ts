import { gb } from './cadence.ts'
import type { PriceId } from './price-sheet.ts'
import type { Setup } from './setup.ts'
import { gbSeconds, MONTH_HOURS } from './units.ts'
import type { Stage, Usage } from './usage.ts'
import type { TableVolume, Volume } from './volume.ts'

const MIB = 2 ** 20
const DAYS = MONTH_HOURS / 24
/** Of a file of base, for the requests of a compaction. */
const FILE_BYTES = 64 * MIB

/**
 * What a month costs before the first change: hours, schedules, keys, alarms, metrics, and what the lake holds already. A
 * table's metrics, compaction, proof and base are its own; the rest is nobody's.
 */
export function fixedUsage(month: Volume, setup: Setup): readonly Usage[] {
  const own = Object.entries(month.tables).flatMap(([table, volume]) => ofTable(table, volume, setup))
  const queries = [
    uses('query', 'athena.scan', setup.queryTb * 1e12),
    uses('land', 'sqs.request', setup.emptyReceives),
  ]
  return [...standingUsage(Object.keys(month.tables), setup), ...ofSchedules(setup), ...queries, ...own]
}

/** Of it, what no meter says: hours, keys, alarms, and the custom metrics of tables. */
export function standingUsage(tables: readonly string[], setup: Setup): readonly Usage[] {
  const own = tables.map((table) => uses('watch', 'metrics.metric', setup.metricsPerTable, table))
  return [...ofSource(setup), ...ofWatching(setup), ...own]
}

const uses = (stage: Stage, id: PriceId, units: number, table: string | null = null): Usage => ({
  stage,
  id,
  units,
  table,
  isFixed: true,
})

function ofSource({ zones, dmsExtraGb, endpoints }: Setup): readonly Usage[] {
  return [
    uses('source', 'dms.hour', MONTH_HOURS * zones),
    uses('source', 'dms.storage', dmsExtraGb * zones),
    uses('source', 'endpoint.hour', MONTH_HOURS * endpoints * zones),
    uses('stream', 'kinesis.stream-hour', MONTH_HOURS),
  ]
}

function ofSchedules(setup: Setup): readonly Usage[] {
  const { times, loadStepsPerDay, auditsPerDay, proofsPerDay, samplesPerDay } = setup
  return [
    ...called('land', 'loads', loadStepsPerDay * DAYS, times.loadsMs, setup),
    ...called('audit', 'audit', auditsPerDay * DAYS, times.auditMs, setup),
    ...called('prove', 'reconcile', (proofsPerDay + samplesPerDay) * DAYS, times.proveMs, setup),
  ]
}

function ofWatching(setup: Setup): readonly Usage[] {
  const { alarms, dashboards, metricsOfStages, keys, secrets, kmsRequestsPerHour } = setup
  return [
    uses('watch', 'metrics.alarm', alarms),
    uses('watch', 'metrics.dashboard', dashboards),
    uses('watch', 'metrics.metric', metricsOfStages),
    uses('keys', 'kms.key', keys),
    uses('keys', 'kms.request', kmsRequestsPerHour * MONTH_HOURS),
    uses('keys', 'secrets.secret', secrets),
  ]
}

function ofTable(table: string, of: TableVolume, setup: Setup): readonly Usage[] {
  const { times, memoryMib, compactionsPerDay, proofsPerDay, samplesPerDay } = setup
  const compactions = compactionsPerDay * DAYS
  const proofs = (proofsPerDay + samplesPerDay) * DAYS
  /* What one compaction rewrote, on average; as much is read. */
  const bytes = of.compactions > 0 ? of.rewrittenBytes / of.compactions : 0
  const compactMs = times.compactMs + ((2 * bytes) / MIB) * times.compactMibMs
  const files = Math.ceil(bytes / FILE_BYTES) + 2
  return [
    ...called('compact', 'compact', compactions, compactMs, setup, table),
    uses('compact', 's3.put', compactions * files, table),
    uses('compact', 's3.get', compactions * files * 2, table),
    uses('compact', 'glue.request', compactions * 3, table),
    /* The call is the proof's; a table adds the reading of its rows. */
    uses(
      'prove',
      lambdaOf(setup),
      gbSeconds(memoryMib.reconcile, proofs, of.baseRows * times.proveRowMs),
      table,
    ),
    uses('prove', 's3.get', proofs * Math.ceil(of.baseBytes / FILE_BYTES), table),
    uses('storage', 's3.storage', gb(of.baseBytes), table),
  ]
}

/* Calls by a schedule: each of them, its time, its line in the log. */
function called(
  stage: Stage,
  name: keyof Setup['memoryMib'],
  calls: number,
  callMs: number,
  setup: Setup,
  table: string | null = null,
): readonly Usage[] {
  return [
    uses(stage, 'lambda.request', calls, table),
    uses(stage, 'scheduler.call', calls, table),
    uses(stage, lambdaOf(setup), gbSeconds(setup.memoryMib[name], calls, callMs), table),
    uses('watch', 'logs.in', gb(calls * setup.logBytesPerCall), table),
    uses('watch', 'logs.storage', (gb(calls * setup.logBytesPerCall) * setup.logDays) / DAYS, table),
  ]
}

function lambdaOf({ architecture }: Setup): PriceId {
  return architecture === 'arm' ? 'lambda.arm' : 'lambda.x86'
}
