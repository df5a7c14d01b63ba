import * as z from 'zod'

const count = z.number().int().min(0)
const amount = z.number().min(0)
const sizes = z.strictObject({
  capture: count,
  format: count,
  land: count,
  loads: count,
  compact: count,
  reconcile: count,
  audit: count,
})

/** How long a call of a function takes: a part of every call, and one for each thing that it handles. Estimates, but for a stack, whose calls are metered. */
const times = z.strictObject({
  captureMs: amount.default(60),
  formatMs: amount.default(80),
  landMs: amount.default(400),
  loadsMs: amount.default(300),
  auditMs: amount.default(3_000),
  compactMs: amount.default(3_000),
  proveMs: amount.default(3_000),
  /** For each change. */
  captureChangeMs: amount.default(0.05),
  formatChangeMs: amount.default(0.15),
  landChangeMs: amount.default(0.02),
  /** For each MiB that is read or written. */
  compactMibMs: amount.default(40),
  /** For each row of the lake. */
  proveRowMs: amount.default(0.004),
})

/**
 * What is deployed: everything that decides a bill beside the volume. The defaults are those of `infra/stacks` (a test
 * holds them together) and, where Terraform says nothing, those of AWS.
 */
export const setupShape = z.strictObject({
  architecture: z.enum(['x86', 'arm']).default('x86'),
  /** Zones that the replication instance and the endpoints stand in. */
  zones: count.min(1).default(2),
  /** Beyond 100 GB, which an instance has. */
  dmsExtraGb: amount.default(0),
  /** Interface endpoints of both stacks, each in every zone. */
  endpoints: count.default(5),
  /** Shards: an on-demand stream begins with 4; the stream of an on-demand table has as many. */
  shards: count.min(1).default(4),
  feedShards: count.min(1).default(4),
  /** Changes of a table that one transaction makes: they come together. */
  commitRows: z.number().min(1).default(1),
  /** Those who read the whole stream: capture is one. */
  readers: count.min(1).default(1),
  retentionHours: count.min(24).default(168),
  captureWindowSeconds: amount.default(40),
  captureBatch: count.min(1).default(5_000),
  formatWindowSeconds: amount.default(1),
  formatBatch: count.min(1).default(100),
  /** Of the pages, those that are formatted ten minutes and more after their last commit. */
  latePages: amount.max(1).default(0),
  bufferSeconds: amount.default(30),
  bufferMib: amount.default(64),
  rawDays: count.default(30),
  landingDays: count.default(30),
  /** Months of history that are kept, for its storage. */
  historyMonths: amount.default(12),
  /** Runs a day: of each table's compaction, of the proof of everything, of the sample, of the audit, of the loads' step. */
  compactionsPerDay: amount.default(24),
  proofsPerDay: amount.default(1),
  samplesPerDay: amount.default(24),
  auditsPerDay: amount.default(24),
  loadStepsPerDay: amount.default(1_440),
  memoryMib: sizes.default({
    capture: 1_024,
    format: 1_024,
    land: 2_048,
    loads: 512,
    compact: 3_008,
    reconcile: 3_008,
    audit: 1_024,
  }),
  times: times.prefault({}),
  keys: count.default(3),
  secrets: count.default(1),
  /** Requests an hour to the keys: tables, streams, queues and buckets keep a data key for minutes. */
  kmsRequestsPerHour: amount.default(500),
  alarms: count.default(59),
  dashboards: count.default(2),
  /** Custom metrics: those of a table, which one of the two captures reads, and those of stages and of calls to services. */
  metricsPerTable: amount.default(8),
  metricsOfStages: amount.default(100),
  /** Bytes of log for each call of a function. */
  logBytesPerCall: amount.default(1_500),
  logDays: count.default(90),
  /** Receives of an empty queue a month: five pollers that wait 20 seconds each, for each of two queues. */
  emptyReceives: amount.default(1_314_000),
  /** Requests to the catalog for each landed object. */
  glueCallsPerObject: amount.default(3),
  /** Terabytes a month that people's queries scan. */
  queryTb: amount.default(0),
})
export type Setup = z.infer<typeof setupShape>

/** What the stacks deploy when nobody says otherwise. */
export const defaultSetup: Setup = setupShape.parse({})
