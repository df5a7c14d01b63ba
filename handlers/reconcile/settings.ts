import * as z from 'zod'
import { days, epoch, systems, text, whole } from '../runtime/read-settings.ts'

/** The environment of `reconcile`. */
export const reconcileSettings = z.object({
  AWS_REGION: text,
  /** MiB; Lambda says it. */
  AWS_LAMBDA_FUNCTION_MEMORY_SIZE: whole(1_024),
  TIDEMARK_BUCKET: text,
  TIDEMARK_CATALOG_PREFIX: z.string(),
  TIDEMARK_RAW_TABLE: text,
  TIDEMARK_RAW_DAYS: days,
  TIDEMARK_QUARANTINE_TABLE: text,
  TIDEMARK_QUARANTINE_DAYS: days,
  TIDEMARK_EPOCH: epoch,
  /** Systems of the contracts whose tables are in the source database. */
  TIDEMARK_SYSTEMS: systems,
  TIDEMARK_MASK_SECRET: text,
  TIDEMARK_SOURCE_SECRET: text,
  /** A PEM file, or `disable` for a connection in the clear. Node.js runtimes of Lambda bring Amazon's, RDS among them. */
  TIDEMARK_SOURCE_CA: text.default('/var/runtime/ca-cert.pem'),
  /** Ephemeral storage of the function. */
  TIDEMARK_SCRATCH_MIB: whole(512),
  /** What a change needs from its commit until it can be queried: Firehose's buffer and landing. */
  TIDEMARK_SETTLE_SECONDS: whole(90),
  /** How long after it what differs is looked at again. */
  TIDEMARK_WAIT_SECONDS: whole(300),
})
