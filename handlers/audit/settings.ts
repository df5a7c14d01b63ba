import * as z from 'zod'
import { systems, text } from '../runtime/read-settings.ts'

/** The environment of `audit`. */
export const auditSettings = z.object({
  AWS_REGION: text,
  TIDEMARK_RAW_TABLE: text,
  TIDEMARK_LEDGER_TABLE: text,
  TIDEMARK_QUARANTINE_TABLE: text,
  TIDEMARK_BUCKET: text,
  /** Systems of the contracts, with commas between them. */
  TIDEMARK_SYSTEMS: systems,
  /** After how long what has not arrived is missing. Firehose tries S3 for as long as it takes: an hour covers a busy day. */
  TIDEMARK_OVERDUE_MINUTES: z
    .string()
    .regex(/^[1-9]\d{0,4}$/, 'is no whole number of minutes')
    .default('60')
    .transform(Number),
})
