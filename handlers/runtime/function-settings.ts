import * as z from 'zod'
import { days, epoch, systems, text, whole } from './read-settings.ts'

/* Changes of two tables have no common order, so each is a source table of its own. */
const serviceTables = z
  .record(
    z.string().regex(/^[A-Za-z0-9_.-]{3,255}$/),
    z.string().regex(/^[A-Za-z_][\w$-]*\.[A-Za-z_][\w$-]*$/),
  )
  .refine((tables) => Object.keys(tables).length > 0)
  .refine((tables) => new Set(Object.values(tables)).size === Object.keys(tables).length)

/* Each variable once: it means the same to every function that has it. */
const variables = z.object({
  AWS_REGION: text,
  /** MiB; Lambda says it. */
  AWS_LAMBDA_FUNCTION_MEMORY_SIZE: whole(1_024),
  TIDEMARK_BUCKET: text,
  TIDEMARK_CATALOG_PREFIX: z.string(),
  TIDEMARK_RAW_TABLE: text,
  TIDEMARK_RAW_DAYS: days,
  TIDEMARK_QUARANTINE_TABLE: text,
  TIDEMARK_QUARANTINE_DAYS: days,
  TIDEMARK_LEDGER_TABLE: text,
  TIDEMARK_STREAM: text,
  TIDEMARK_MASK_SECRET: text,
  TIDEMARK_EPOCH: epoch,
  /** Systems of the contracts that the function works for, with commas between them. */
  TIDEMARK_SYSTEMS: systems,
  /** Ephemeral storage of the function, MiB. */
  TIDEMARK_SCRATCH_MIB: whole(512),
  /** Ingest days of history to keep beside base; all when it is left out. */
  TIDEMARK_KEEP_HISTORY_DAYS: days.optional(),
  /** ARN of the full-load task, and of its S3 target endpoint. */
  TIDEMARK_LOAD_TASK: text,
  TIDEMARK_LOAD_ENDPOINT: text,
  /** Role to take for DMS in another account. */
  TIDEMARK_SOURCE_ROLE: text.optional(),
  TIDEMARK_SOURCE_SECRET: text,
  /** A PEM file, or `disable` for a connection in the clear. Node.js runtimes of Lambda bring Amazon's, RDS among them. */
  TIDEMARK_SOURCE_CA: text.default('/var/runtime/ca-cert.pem'),
  /** What a change needs from its commit until it can be queried: Firehose's buffer and landing. */
  TIDEMARK_SETTLE_SECONDS: whole(90),
  /** How long after it what differs is looked at again. */
  TIDEMARK_WAIT_SECONDS: whole(300),
  /** After how long what has not arrived is missing. Firehose tries S3 for as long as it takes: an hour covers a busy day. */
  TIDEMARK_OVERDUE_MINUTES: z
    .string()
    .regex(/^[1-9]\d{0,4}$/, 'is no whole number of minutes')
    .default('60')
    .transform(Number)
    .refine((minutes) => minutes >= 15, 'is less than 15 minutes'),
  /** JSON: source table, `service.table`, of each DynamoDB table. */
  TIDEMARK_SERVICE_TABLES: text.transform((json, context) => {
    try {
      return serviceTables.parse(JSON.parse(json))
    } catch {
      context.issues.push({
        code: 'custom',
        message:
          'is no JSON that says a source table, service.table, for each DynamoDB table, another for each',
        input: '',
      })
      return z.NEVER
    }
  }),
})

const region = { AWS_REGION: true } as const
const pages = { ...region, TIDEMARK_RAW_TABLE: true, TIDEMARK_RAW_DAYS: true } as const
const refused = { TIDEMARK_QUARANTINE_TABLE: true, TIDEMARK_QUARANTINE_DAYS: true } as const
const lake = { ...region, TIDEMARK_BUCKET: true, TIDEMARK_CATALOG_PREFIX: true } as const
const ledger = { TIDEMARK_LEDGER_TABLE: true, TIDEMARK_RAW_DAYS: true } as const
/* Of functions with DuckDB. */
const engine = { AWS_LAMBDA_FUNCTION_MEMORY_SIZE: true, TIDEMARK_SCRATCH_MIB: true } as const

/** The environment of each function: the variables that it reads, and no other (infra/ gives it just these). */
export const functionSettings = {
  audit: variables.pick({
    ...region,
    TIDEMARK_RAW_TABLE: true,
    TIDEMARK_LEDGER_TABLE: true,
    TIDEMARK_QUARANTINE_TABLE: true,
    TIDEMARK_BUCKET: true,
    TIDEMARK_SYSTEMS: true,
    TIDEMARK_OVERDUE_MINUTES: true,
  }),
  capture: variables.pick({ ...pages, ...refused, TIDEMARK_EPOCH: true }),
  'capture-service': variables.pick({
    ...pages,
    ...refused,
    TIDEMARK_EPOCH: true,
    TIDEMARK_SERVICE_TABLES: true,
  }),
  compact: variables.pick({ ...lake, ...ledger, ...engine, TIDEMARK_KEEP_HISTORY_DAYS: true }),
  format: variables.pick({
    ...pages,
    ...refused,
    ...ledger,
    TIDEMARK_STREAM: true,
    TIDEMARK_MASK_SECRET: true,
    TIDEMARK_SYSTEMS: true,
  }),
  land: variables.pick({ ...lake, ...refused, ...ledger }),
  'land-load': variables.pick({
    ...lake,
    ...pages,
    ...refused,
    ...ledger,
    ...engine,
    TIDEMARK_MASK_SECRET: true,
  }),
  loads: variables.pick({
    ...lake,
    TIDEMARK_RAW_TABLE: true,
    TIDEMARK_EPOCH: true,
    TIDEMARK_SYSTEMS: true,
    TIDEMARK_LOAD_TASK: true,
    TIDEMARK_LOAD_ENDPOINT: true,
    TIDEMARK_SOURCE_ROLE: true,
  }),
  reconcile: variables.pick({
    ...lake,
    ...pages,
    ...refused,
    ...engine,
    TIDEMARK_EPOCH: true,
    TIDEMARK_SYSTEMS: true,
    TIDEMARK_MASK_SECRET: true,
    TIDEMARK_SOURCE_SECRET: true,
    TIDEMARK_SOURCE_CA: true,
    TIDEMARK_SETTLE_SECONDS: true,
    TIDEMARK_WAIT_SECONDS: true,
  }),
}
