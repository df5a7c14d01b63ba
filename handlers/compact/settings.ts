import * as z from 'zod'
import { days, text, whole } from '../runtime/read-settings.ts'

/** The environment of `compact`. */
export const compactSettings = z.object({
  AWS_REGION: text,
  /** MiB; Lambda says it. */
  AWS_LAMBDA_FUNCTION_MEMORY_SIZE: whole(1_024),
  TIDEMARK_BUCKET: text,
  TIDEMARK_CATALOG_PREFIX: z.string(),
  TIDEMARK_LEDGER_TABLE: text,
  TIDEMARK_RAW_DAYS: days,
  /** Ephemeral storage of the function, MiB. */
  TIDEMARK_SCRATCH_MIB: whole(512),
  /** Ingest days of history to keep beside base; all when it is left out. */
  TIDEMARK_KEEP_HISTORY_DAYS: days.optional(),
})
