import * as z from 'zod'
import { days, systems, text } from '../runtime/read-settings.ts'

/** The environment of `format`. */
export const formatSettings = z.object({
  AWS_REGION: text,
  TIDEMARK_RAW_TABLE: text,
  TIDEMARK_RAW_DAYS: days,
  TIDEMARK_QUARANTINE_TABLE: text,
  TIDEMARK_QUARANTINE_DAYS: days,
  TIDEMARK_LEDGER_TABLE: text,
  TIDEMARK_STREAM: text,
  TIDEMARK_MASK_SECRET: text,
  TIDEMARK_SYSTEMS: systems,
})
