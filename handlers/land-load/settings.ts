import * as z from 'zod'
import { days, text, whole } from '../runtime/read-settings.ts'

/** The environment of `land-load`. */
export const landLoadSettings = z.object({
  AWS_REGION: text,
  /** MiB; Lambda says it. */
  AWS_LAMBDA_FUNCTION_MEMORY_SIZE: whole(1_024),
  TIDEMARK_BUCKET: text,
  TIDEMARK_CATALOG_PREFIX: z.string(),
  TIDEMARK_QUARANTINE_TABLE: text,
  TIDEMARK_QUARANTINE_DAYS: days,
  TIDEMARK_LEDGER_TABLE: text,
  TIDEMARK_RAW_TABLE: text,
  TIDEMARK_RAW_DAYS: days,
  TIDEMARK_MASK_SECRET: text,
  /** Ephemeral storage of the function, MiB. */
  TIDEMARK_SCRATCH_MIB: whole(512),
})
