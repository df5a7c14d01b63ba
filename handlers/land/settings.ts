import * as z from 'zod'
import { days, text } from '../runtime/read-settings.ts'

/** The environment of `land`. */
export const landSettings = z.object({
  AWS_REGION: text,
  TIDEMARK_BUCKET: text,
  TIDEMARK_CATALOG_PREFIX: z.string(),
  TIDEMARK_QUARANTINE_TABLE: text,
  TIDEMARK_QUARANTINE_DAYS: days,
  TIDEMARK_LEDGER_TABLE: text,
  TIDEMARK_RAW_DAYS: days,
})
